"""What a person chooses from is what the site's registry says: agents in its groups, the model it recommends marked."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.support.person import Person


def test_agents_stand_in_groups_and_the_model_that_this_device_starts_with_is_marked(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    agents = regular.page.get_by_label("Agent", exact=True)
    expect(agents.locator("optgroup[label=Text] option[value=code]")).to_have_count(1)
    # Who can't answer here stands apart, whatever the group.
    expect(agents.locator("optgroup[label='Not on this site'] option[value=vision]")).to_have_count(1)
    regular.page.get_by_role("button", name="Settings", exact=True).click()
    models = regular.page.get_by_label("Model that answers").locator("option")
    expect(models.filter(has_text="(starts on this device)")).to_have_count(1)
