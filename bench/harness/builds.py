"""Time and size of clean release builds."""
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from page import Table, Target, at_most
from programs import ROOT, cargo_build, has, leave_out, output_of


def tables():
    table = Table(
        "Clean release builds",
        "what", "seconds", "KiB, or number", "KiB, stripped",
        shows_not="other machines, and the effect of a program's own lto and panic settings. The library's size is that of its archive of metadata and "
        "code, before linking. The minimal program is a separate package with the example echo as its main.rs.",
    )
    dependencies = len(output_of("cargo", "tree", "--edges", "normal,build", "--prefix", "none", cwd=ROOT).splitlines()) - 1
    for what, arguments, product in (
        ("the library", ["--lib"], "libaudiosocket.rlib"),
        ("a minimal program", None, "minimal"),
        ("the tool", ["--bins"], "audiosocket"),
    ):
        with TemporaryDirectory() as folder:
            package = ROOT if arguments else minimal_package(Path(folder) / "minimal")
            start = time.monotonic()
            cargo_build("--release", *(arguments or []), target=folder, cwd=package)
            seconds = time.monotonic() - start
            built = Path(folder) / "release" / product
            target = at_most(10, seconds, " s") if product.endswith((".rlib", "audiosocket")) else None
            table.row(what, f"{seconds:.1f}", kib(built), stripped(built), target=target)
    table.row("packages the library depends on", "", dependencies, "", target=Target("0", dependencies, dependencies == 0))
    return [table]


def minimal_package(folder):
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "minimal"\nedition = "2024"\n[dependencies]\n'
        f'asterisk-audiosocket = {{ path = "{ROOT}" }}\n[workspace]\n'
    )
    (folder / "src" / "main.rs").write_text((ROOT / "examples" / "echo.rs").read_text())
    return folder


def stripped(built):
    if built.suffix == ".rlib":
        return ""
    if not has("strip"):
        leave_out(f"{built.name}, stripped", "there is no `strip`")
        return ""
    output = built.with_suffix(".stripped")
    output_of("strip", "-o", output, built)
    return kib(output)


def kib(path):
    return f"{path.stat().st_size / 1024:.0f}"
