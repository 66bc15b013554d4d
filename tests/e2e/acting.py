"""A web server on its shipped file, in front of stand_in.py, which does what no responder should."""

import pathlib


def acting(server_class, alone=False, paths="/rest/"):
    """That kind of server, which waits a second for an answer."""
    class Acting(server_class):
        is_alone = alone
        contract = None

        def __init__(self, world, processes=2):
            super().__init__(world, processes)
            folder = world.run_folder / "stand-in"
            self.responder = folder / "daybook.fcgi"
            world.as_server("mkdir", "-p", str(folder))
            with open(pathlib.Path(__file__).with_name("stand_in.py"), "rb") as program:
                world.as_server("install", "-m", "755", "/dev/stdin", str(self.responder), stdin=program)

        def values(self):
            return {**super().values(), "patience": 1, "paths": paths}

        def shipped_file(self):
            return super().shipped_file().replace("FcgidIOTimeout 15", "FcgidIOTimeout 1")

    return Acting
