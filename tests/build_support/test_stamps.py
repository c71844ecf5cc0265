"""Steps run again when their inputs change, and only then."""

from __future__ import annotations

from pathlib import Path

from build_support.stamps import Stamp, digest, tree


def test_a_step_is_fresh_after_it_ran_with_the_same_inputs(tmp_path: Path) -> None:
    stamp, output = Stamp(tmp_path / "deep" / "stamp"), tmp_path / "output"
    assert not stamp.fresh("key", [output])
    output.touch()
    stamp.write("key")
    assert stamp.fresh("key", [output])
    assert not stamp.fresh("other key", [output])


def test_a_step_whose_output_was_deleted_isnt_fresh(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    stamp.write("key")
    assert not stamp.fresh("key", [tmp_path / "output"])


def test_a_step_that_was_interrupted_isnt_fresh(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamp")
    stamp.write("key")
    stamp.forget()
    assert not stamp.fresh("key")


def test_a_digest_depends_on_contents_names_and_extras(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("same")
    second.write_text("same")
    digests = {digest([first]), digest([second]), digest([first], "extra"), digest([first, second])}
    first.write_text("other")
    digests.add(digest([first]))
    assert len(digests) == 5


def test_a_digest_isnt_moved_by_where_the_clone_lies(tmp_path: Path) -> None:
    for clone in ("one", "two"):
        (tmp_path / clone / "package").mkdir(parents=True)
        (tmp_path / clone / "package" / "module.py").write_text("x = 1")
    one, two = (digest(tree(tmp_path / clone), base=tmp_path / clone) for clone in ("one", "two"))
    assert one == two


def test_a_tree_leaves_out_caches_and_hidden_files(tmp_path: Path) -> None:
    for name in ("a.py", "b.txt", "__pycache__/a.pyc", ".hidden/c.py", "deep/d.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in tree(tmp_path)] == ["a.py", "b.txt", "d.py"]
    assert [path.name for path in tree(tmp_path, suffixes=(".py",))] == ["a.py", "d.py"]
