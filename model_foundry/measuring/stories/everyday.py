"""Writes the stories of the development set: shops, kitchens, journeys, collections."""

from __future__ import annotations

from model_foundry.measuring.stories.story import Dice, Draft, Template


def change(dice: Dice) -> Draft:
    (en, fr), count, price, more = dice.names(1)[0], dice.number(3, 9), dice.number(2, 8), dice.number(4, 12)
    spent, total = count * price, count * price + more
    note = (total // 50 + 1) * 50
    return Draft(
        f"{en} buys {count} notebooks at £{price} each and a pencil case for £{more}. {en} pays with £{note}. "
        "How much change does the shop give back?",
        f"{fr} achète {count} cahiers à {price} € pièce et une trousse à {more} €. {fr} paie avec {note} €. "
        "Combien d'euros le magasin lui rend-il ?",
        (f"{count} × {price} = {spent}", f"{spent} + {more} = {total}", f"{note} - {total} = {note - total}"),
    )


def baking(dice: Dice) -> Draft:
    trays, each, kept, boxes = dice.number(3, 8), dice.number(8, 16), dice.number(2, 9), dice.one((3, 4, 5, 6))
    made = trays * each
    kept += (made - kept) % boxes
    return Draft(
        f"A baker makes {trays} trays of {each} rolls. She keeps {kept} rolls for her family and packs the others "
        f"equally into {boxes} boxes. How many rolls are in each box?",
        f"Une boulangère prépare {trays} plaques de {each} petits pains. Elle en garde {kept} pour sa famille et "
        f"répartit les autres à parts égales dans {boxes} boîtes. Combien de petits pains y a-t-il dans chaque boîte ?",
        (
            f"{trays} × {each} = {made}",
            f"{made} - {kept} = {made - kept}",
            f"{made - kept} ÷ {boxes} = {(made - kept) // boxes}",
        ),
    )


def savings(dice: Dice) -> Draft:
    (en, fr), week, weeks, had = dice.names(1)[0], dice.number(5, 15), dice.number(4, 12), dice.number(10, 60, 5)
    saved = week * weeks
    goal = had + saved + dice.number(5, 95)
    return Draft(
        f"{en} has £{had} and saves £{week} every week. A bicycle costs £{goal}. How many pounds will still be missing "
        f"after {weeks} weeks?",
        f"{fr} a {had} € et économise {week} € par semaine. Un vélo coûte {goal} €. Combien d'euros manquera-t-il "
        f"encore au bout de {weeks} semaines ?",
        (f"{week} × {weeks} = {saved}", f"{had} + {saved} = {had + saved}", f"{goal} - {had + saved} = "
         f"{goal - had - saved}"),
    )  # fmt: skip


def twice_as_many(dice: Dice) -> Draft:
    (one, un), (two, deux) = dice.names(2)
    count, times = dice.number(6, 30), dice.number(2, 5)
    return Draft(
        f"{one} has {count} stamps. {two} has {times} times as many. How many stamps do they have together?",
        f"{un} a {count} timbres. {deux} en a {times} fois plus. Combien de timbres ont-ils ensemble ?",
        (f"{count} × {times} = {count * times}", f"{count} + {count * times} = {count + count * times}"),
    )


def reading(dice: Dice) -> Draft:
    (en, fr), pages, days = dice.names(1)[0], dice.number(12, 35), dice.number(3, 9)
    rest = dice.number(20, 150)
    read = pages * days
    return Draft(
        f"{en} is reading a book of {read + rest} pages and reads {pages} pages a day. How many pages are left after "
        f"{days} days?",
        f"{fr} lit un livre de {read + rest} pages, à raison de {pages} pages par jour. Combien de pages reste-t-il à "
        f"lire au bout de {days} jours ?",
        (f"{pages} × {days} = {read}", f"{read + rest} - {read} = {rest}"),
    )


def sale(dice: Dice) -> Draft:
    price, percent, count = dice.number(20, 120, 20), dice.one((10, 20, 25, 30, 40)), dice.number(2, 5)
    off = price * percent // 100
    low = price - off
    return Draft(
        f"A coat normally costs £{price}. In the sale it is {percent}% cheaper. How many pounds do {count} such coats "
        "cost in the sale?",
        f"Un manteau coûte normalement {price} €. Pendant les soldes, il est {percent} % moins cher. Combien d'euros "
        f"coûtent {count} de ces manteaux pendant les soldes ?",
        (f"{price} × {percent} ÷ 100 = {off}", f"{price} - {off} = {low}", f"{low} × {count} = {low * count}"),
    )


def drive(dice: Dice) -> Draft:
    speed, hours, slow, more = dice.number(60, 100, 10), dice.number(2, 4), dice.number(30, 50, 10), dice.number(1, 3)
    one, two = speed * hours, slow * more
    return Draft(
        f"A van drives for {hours} hours at {speed} km an hour and then for {more} hours at {slow} km an hour. "
        "How many kilometres does it drive altogether?",
        f"Une camionnette roule {hours} h à {speed} km/h puis {more} h à {slow} km/h. Combien de kilomètres "
        "parcourt-elle en tout ?",
        (f"{speed} × {hours} = {one}", f"{slow} × {more} = {two}", f"{one} + {two} = {one + two}"),
    )


def recipe(dice: Dice) -> Draft:
    base, grams, guests = dice.one((2, 4, 5)), dice.number(20, 90, 10), dice.number(2, 5)
    people = base * guests
    total = base * grams
    return Draft(
        f"A recipe for {base} people takes {total} g of rice. A cook prepares it for {people} people and has a bag of "
        f"1,000 g more than he needs. How many grams of rice did he have at first?",
        f"Une recette pour {base} personnes demande {total} g de riz. Un cuisinier la prépare pour {people} personnes "
        f"et il lui restera 1000 g de riz. Combien de grammes de riz avait-il au début ?",
        (
            f"{total} ÷ {base} = {grams}",
            f"{grams} × {people} = {grams * people}",
            f"{grams * people} + 1000 = {grams * people + 1000}",
        ),
    )


def bus(dice: Dice) -> Draft:
    start, off, on, last = dice.number(25, 45), dice.number(5, 15), dice.number(3, 18), dice.number(4, 9)
    first, second = start - off, start - off + on
    return Draft(
        f"There are {start} people on a bus. At the first stop {off} get off and {on} get on. At the second stop "
        f"{last} get off and nobody gets on. How many people are on the bus now?",
        f"Il y a {start} personnes dans un bus. Au premier arrêt, {off} descendent et {on} montent. Au deuxième arrêt, "
        f"{last} descendent et personne ne monte. Combien de personnes y a-t-il maintenant dans le bus ?",
        (f"{start} - {off} = {first}", f"{first} + {on} = {second}", f"{second} - {last} = {second - last}"),
    )


def wages(dice: Dice) -> Draft:
    (en, fr), rate, hours, days = dice.names(1)[0], dice.number(11, 18), dice.number(3, 8), dice.number(3, 6)
    fare = dice.number(2, 6)
    day, all_days, fares = rate * hours, rate * hours * days, fare * days
    return Draft(
        f"{en} earns £{rate} an hour and works {hours} hours a day for {days} days. The bus costs £{fare} a day. How "
        f"many pounds are left when the bus is paid?",
        f"{fr} gagne {rate} € de l'heure et travaille {hours} heures par jour pendant {days} jours. Le bus coûte "
        f"{fare} € par jour. Combien d'euros lui reste-t-il une fois le bus payé ?",
        (
            f"{rate} × {hours} = {day}",
            f"{day} × {days} = {all_days}",
            f"{fare} × {days} = {fares}",
            f"{all_days} - {fares} = {all_days - fares}",
        ),
    )


def orchard(dice: Dice) -> Draft:
    rows, trees, basket = dice.number(3, 8), dice.number(4, 9), dice.one((10, 20))
    apples = basket * dice.number(2, 4)
    count, total = rows * trees, rows * trees * apples
    return Draft(
        f"An orchard has {rows} rows of {trees} trees. Each tree gives {apples} apples, and a basket holds {basket} "
        "apples. How many baskets does the whole harvest fill?",
        f"Un verger compte {rows} rangées de {trees} arbres. Chaque arbre donne {apples} pommes, et un panier contient "
        f"{basket} pommes. Combien de paniers la récolte entière remplit-elle ?",
        (f"{rows} × {trees} = {count}", f"{count} × {apples} = {total}", f"{total} ÷ {basket} = {total // basket}"),
    )


def ages(dice: Dice) -> Draft:
    (one, un), (two, deux) = dice.names(2)
    age, older, years = dice.number(6, 18), dice.number(2, 9), dice.number(3, 12)
    return Draft(
        f"{one} is {age} years old. {two} is {older} years older. How old will {two} be in {years} years?",
        f"{un} a {age} ans. {deux} a {older} ans de plus. Quel âge aura {deux} dans {years} ans ?",
        (f"{age} + {older} = {age + older}", f"{age + older} + {years} = {age + older + years}"),
    )


TEMPLATES: tuple[Template, ...] = (
    change, baking, savings, twice_as_many, reading, sale, drive, recipe, bus, wages, orchard, ages,
)  # fmt: skip
