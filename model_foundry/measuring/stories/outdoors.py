"""Writes the stories of the test set: farms, workshops, schools, events; none has a form of the development set's."""

from __future__ import annotations

from model_foundry.measuring.stories.story import Dice, Draft, Template


def eggs(dice: Dice) -> Draft:
    hens, days, price = dice.number(6, 20), dice.number(5, 14), dice.number(2, 4)
    laid = hens * days
    boxes = laid // 6 - 1
    broken = laid - boxes * 6
    return Draft(
        f"A farmer has {hens} hens, and each lays one egg a day. After {days} days he finds that {broken} eggs are "
        f"broken. He sells the others in boxes of 6 for £{price} a box. How many pounds does he get?",
        f"Un fermier a {hens} poules, et chacune pond un œuf par jour. Au bout de {days} jours, il constate que "
        f"{broken} œufs sont cassés. Il vend les autres par boîtes de 6, à {price} € la boîte. Combien d'euros "
        "reçoit-il ?",
        (
            f"{hens} × {days} = {laid}",
            f"{laid} - {broken} = {boxes * 6}",
            f"{boxes * 6} ÷ 6 = {boxes}",
            f"{boxes} × {price} = {boxes * price}",
        ),
    )


def fence(dice: Dice) -> Draft:
    long, wide, price = dice.number(12, 40), dice.number(5, 11), dice.number(3, 9)
    half = long + wide
    return Draft(
        f"A rectangular garden is {long} m long and {wide} m wide. A fence costs £{price} a metre. How many pounds "
        "does the fence around the whole garden cost?",
        f"Un jardin rectangulaire mesure {long} m de long et {wide} m de large. Le mètre de clôture coûte {price} €. "
        "Combien d'euros coûte la clôture tout autour du jardin ?",
        (f"{long} + {wide} = {half}", f"{half} × 2 = {half * 2}", f"{half * 2} × {price} = {half * 2 * price}"),
    )


def outing(dice: Dice) -> Draft:
    children, adults, child, adult = dice.number(18, 32), dice.number(2, 5), dice.number(4, 9), dice.number(10, 16)
    one, two = children * child, adults * adult
    return Draft(
        f"A class of {children} children goes to the zoo with {adults} adults. A ticket is £{child} for a child and "
        f"£{adult} for an adult. How many pounds do all the tickets cost?",
        f"Une classe de {children} enfants va au zoo avec {adults} adultes. Le billet coûte {child} € par enfant et "
        f"{adult} € par adulte. Combien d'euros coûtent tous les billets ?",
        (f"{children} × {child} = {one}", f"{adults} × {adult} = {two}", f"{one} + {two} = {one + two}"),
    )


def tank(dice: Dice) -> Draft:
    rate, leak, minutes, had = dice.number(10, 25), dice.number(2, 8), dice.number(5, 20), dice.number(20, 200, 10)
    net = rate - leak
    return Draft(
        f"A tank holds {had} litres of water. A tap adds {rate} litres a minute, but a hole loses {leak} litres a "
        f"minute. How many litres are in the tank after {minutes} minutes?",
        f"Une cuve contient {had} litres d'eau. Un robinet y verse {rate} litres par minute, mais un trou en laisse "
        f"échapper {leak} litres par minute. Combien de litres la cuve contient-elle au bout de {minutes} minutes ?",
        (f"{rate} - {leak} = {net}", f"{net} × {minutes} = {net * minutes}", f"{had} + {net * minutes} = "
         f"{had + net * minutes}"),
    )  # fmt: skip


def half_left(dice: Dice) -> Draft:
    (en, fr), quarter = dice.names(1)[0], dice.number(4, 20)
    had, gave = quarter * 4, dice.number(1, 3)
    left = quarter * 2 - gave
    return Draft(
        f"{en} picks {had} strawberries and eats half of them. Then {en} gives {gave} to a neighbour. How many "
        "strawberries are left?",
        f"{fr} cueille {had} fraises et en mange la moitié. Ensuite, {fr} en donne {gave} à une voisine. Combien de "
        "fraises reste-t-il ?",
        (f"{had} ÷ 2 = {quarter * 2}", f"{quarter * 2} - {gave} = {left}"),
    )


def tiles(dice: Dice) -> Draft:
    rows, columns, box = dice.number(8, 20), dice.number(6, 15), dice.one((5, 10, 12))
    need = rows * columns
    spare = (box - need % box) % box + box
    return Draft(
        f"A floor takes {rows} rows of {columns} tiles. A worker orders {spare} spare tiles as well. The tiles come in "
        f"boxes of {box}. How many boxes does he order?",
        f"Un sol demande {rows} rangées de {columns} carreaux. L'ouvrier commande aussi {spare} carreaux de réserve. "
        f"Les carreaux sont livrés par boîtes de {box}. Combien de boîtes commande-t-il ?",
        (
            f"{rows} × {columns} = {need}",
            f"{need} + {spare} = {need + spare}",
            f"{need + spare} ÷ {box} = {(need + spare) // box}",
        ),
    )


def rent(dice: Dice) -> Draft:
    friends, rent, power, food = dice.number(3, 5), dice.number(300, 600, 50), dice.number(30, 60), dice.number(40, 90)
    total = rent * friends + power * friends + food * friends
    rent_all, power_all = rent * friends, power * friends
    food_all = total - rent_all - power_all
    return Draft(
        f"{friends} friends share a flat. The rent is £{rent_all}, the electricity £{power_all} and the food "
        f"£{food_all} a month. They share all of it equally. How many pounds does each of them pay a month?",
        f"{friends} amis partagent un appartement. Chaque mois, le loyer est de {rent_all} €, l'électricité de "
        f"{power_all} € et la nourriture de {food_all} €. Ils partagent tout à parts égales. Combien d'euros chacun "
        "paie-t-il par mois ?",
        (
            f"{rent_all} + {power_all} = {rent_all + power_all}",
            f"{rent_all + power_all} + {food_all} = {total}",
            f"{total} ÷ {friends} = {total // friends}",
        ),
    )


def race(dice: Dice) -> Draft:
    (one, un), (two, deux) = dice.names(2)
    laps, metres, more = dice.number(5, 12), dice.number(200, 400, 50), dice.number(2, 4)
    second = laps + more
    return Draft(
        f"{one} runs {laps} laps of a track of {metres} metres. {two} runs {more} laps more. How many metres does "
        f"{two} run?",
        f"{un} court {laps} tours d'une piste de {metres} mètres. {deux} court {more} tours de plus. Combien de mètres "
        f"{deux} court-il ?",
        (f"{laps} + {more} = {second}", f"{second} × {metres} = {second * metres}"),
    )


def printing(dice: Dice) -> Draft:
    a_minute, minutes, pause, faulty = dice.number(12, 30), dice.number(10, 30), dice.number(2, 6), dice.number(3, 20)
    worked = minutes - pause
    made = a_minute * worked
    return Draft(
        f"A machine prints {a_minute} posters a minute. It runs for {minutes} minutes, of which it stands still for "
        f"{pause}. {faulty} posters are faulty. How many good posters are there?",
        f"Une machine imprime {a_minute} affiches par minute. Elle fonctionne pendant {minutes} minutes, dont {pause} "
        f"à l'arrêt. {faulty} affiches sont ratées. Combien de bonnes affiches y a-t-il ?",
        (
            f"{minutes} - {pause} = {worked}",
            f"{a_minute} × {worked} = {made}",
            f"{made} - {faulty} = {made - faulty}",
        ),
    )


def fundraising(dice: Dice) -> Draft:
    cakes, price, drinks, each = dice.number(15, 40), dice.number(2, 5), dice.number(20, 50), dice.number(1, 3)
    cost = dice.number(20, 60)
    one, two = cakes * price, drinks * each
    return Draft(
        f"At a school fair {cakes} cakes are sold at £{price} each and {drinks} drinks at £{each} each. The "
        f"ingredients cost £{cost}. How many pounds of profit does the stall make?",
        f"À la fête de l'école, on vend {cakes} gâteaux à {price} € pièce et {drinks} boissons à {each} € pièce. Les "
        f"ingrédients ont coûté {cost} €. Combien d'euros de bénéfice le stand fait-il ?",
        (
            f"{cakes} × {price} = {one}",
            f"{drinks} × {each} = {two}",
            f"{one} + {two} = {one + two}",
            f"{one + two} - {cost} = {one + two - cost}",
        ),
    )


def rise(dice: Dice) -> Draft:
    members, percent, left = dice.number(40, 200, 20), dice.one((5, 10, 15, 20, 50)), dice.number(3, 12)
    new = members * percent // 100
    return Draft(
        f"A club has {members} members. During the year the number rises by {percent}%, and then {left} members leave. "
        "How many members does the club have now?",
        f"Un club compte {members} membres. Pendant l'année, ce nombre augmente de {percent} %, puis {left} membres "
        "s'en vont. Combien de membres le club compte-t-il maintenant ?",
        (
            f"{members} × {percent} ÷ 100 = {new}",
            f"{members} + {new} = {members + new}",
            f"{members + new} - {left} = {members + new - left}",
        ),
    )


def cinema(dice: Dice) -> Draft:
    begins, film, trailers = dice.number(13, 18), dice.number(85, 140, 5), dice.number(10, 20, 5)
    walk = dice.number(10, 25, 5)
    lasts = film + trailers
    return Draft(
        f"A film lasts {film} minutes, and {trailers} minutes of trailers come before it. The show begins at "
        f"{begins}:00, and the walk home takes {walk} minutes. How many minutes after {begins}:00 is somebody home who "
        "leaves at the end?",
        f"Un film dure {film} minutes, précédé de {trailers} minutes de bandes-annonces. La séance commence à "
        f"{begins} h, et le retour à pied prend {walk} minutes. Combien de minutes après {begins} h arrive chez lui "
        "quelqu'un qui part à la fin ?",
        (f"{film} + {trailers} = {lasts}", f"{lasts} + {walk} = {lasts + walk}"),
    )


TEMPLATES: tuple[Template, ...] = (
    eggs, fence, outing, tank, half_left, tiles, rent, race, printing, fundraising, rise, cinema,
)  # fmt: skip
