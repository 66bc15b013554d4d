"""Says whether a JSON file is in the form that this project gives it, two spaces a step; or writes it so.

    form.py check|write FILE
"""

import json
import pathlib
import sys


def main(what, name):
    file = pathlib.Path(name)
    text = file.read_text(encoding="utf-8")
    formed = json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    if what == "write":
        file.write_text(formed, encoding="utf-8")
    elif text != formed:
        sys.exit(f"{name} is not in form: run {sys.argv[0]} write {name}")


main(*sys.argv[1:])
