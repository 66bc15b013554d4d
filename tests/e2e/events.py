"""Events as tests append them."""

import uuid


def new_event(project, instant, kind, user=None, value=None):
    """A row of an event with an id that no other has."""
    return (str(uuid.uuid4()), project, instant, kind, user, None, value)


def add_many(world, project, instant, kind, number, value=None, users=0):
    """Appends events in one statement, spread over as many users."""
    world.sql("INSERT INTO daybook.events (event_id, project_id, occurred_at, kind, user_id, value)"
              " SELECT gen_random_uuid(), %s, %s, %s, 'user' || n %% nullif(%s, 0), %s"
              " FROM generate_series(1, %s) AS n",
              (project, instant, kind, users, value, number))
