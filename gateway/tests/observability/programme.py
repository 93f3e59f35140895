"""The events of the sale: each is there for something that a sale has."""

# Enough for everybody; a login sets one aside. Few VIP tickets, for which a line forms.
GALA: dict[str, object] = {
    "id": "spring-gala",
    "name": "Spring Gala",
    "status": "on_sale",
    "auto_hold": 1,
    # What somebody leaves behind who is cut off comes back before long.
    "hold_seconds": 20,
    "max_hold_lifetime_seconds": 60,
    "ticket_types": [
        {"id": "general", "name": "General", "capacity": 100_000},
        {"id": "vip", "name": "VIP", "capacity": 2},
    ],
}

# Holds that end by themselves, and who is away is passed over.
CLUB: dict[str, object] = {
    "id": "club-night",
    "name": "Club Night",
    "status": "on_sale",
    "auto_hold": 0,
    "hold_seconds": 2,
    "max_hold_lifetime_seconds": 4,
    "presence_seconds": 1,
    "ticket_types": [
        {"id": "floor", "name": "Floor", "capacity": 1},
        {"id": "balcony", "name": "Balcony", "capacity": 1_000},
    ],
}

# Sold to the last ticket, with nobody in line.
RECITAL: dict[str, object] = {
    "id": "recital",
    "name": "Recital",
    "status": "on_sale",
    "auto_hold": 0,
    "ticket_types": [{"id": "general", "name": "General", "capacity": 1}],
}

# Two seats, wanted together.
DUET: dict[str, object] = {
    "id": "duet",
    "name": "Duet",
    "status": "on_sale",
    "auto_hold": 0,
    "ticket_types": [{"id": "general", "name": "General", "capacity": 2}],
}

EVENTS = [GALA, CLUB, RECITAL, DUET]


def matinee(number: int) -> dict[str, object]:
    """An event that an organiser makes and takes through its life."""
    return {
        "id": f"matinee-{number}",
        "name": f"Matinee {number}",
        "auto_hold": 0,
        "ticket_types": [{"id": "general", "name": "General", "capacity": 1}],
    }
