"""The words that the demo shop's names are made of, its countries, and what its office books."""

from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    """Words of a list with commas, over several lines."""
    return tuple(" ".join(word.split()) for word in text.split(","))


def _counts(text: str) -> dict[str, int]:
    """The same of words that each end in a number."""
    pairs = (word.rsplit(" ", 1) for word in _words(text))
    return {word: int(number) for word, number in pairs}


COLOURS = (
    "",
    *_words("""
    BLUE, RED, PINK, CREAM, SAGE, MUSTARD, PLUM, TEAL, COPPER, PEWTER, CORAL, LILAC, CHARCOAL, PEACH, NAVY,
    MINT, AMBER, SCARLET, OLIVE, PEARL
    """),
)
SEASONAL_MOTIFS = ("MISTLETOE", "SNOWY ROBIN", "WINTER FIR", "HOLLY SPRIG", "SLEIGH RIDE", "FROSTED BELL")
MOTIFS = _words("""
    HARBOUR, BRAMBLE, MEADOW, FOXGLOVE, HEDGEHOG, LIGHTHOUSE, THISTLE, ORCHARD, TUGBOAT, KESTREL, PICNIC,
    SEASHELL, CLOVER, BUNTING, BUMBLEBEE, WILLOW, ACORN, DRAGONFLY, SKYLARK, GINGHAM, TEAPOT, BICYCLE, HOT AIR
    BALLOON, RAINY DAY, MARKET STALL, CAROUSEL, COTTAGE, PUDDLE DUCK, MOONLIGHT, STARGAZER, BOTANICAL, FERN,
    TULIP, POPPY, SUNFLOWER, LAVENDER, WOODLAND, OTTER, BADGER, PENGUIN, ELEPHANT, GIRAFFE, WHALE, MERMAID,
    PIRATE, KNIGHT, FAIRGROUND, STEAM TRAIN, PAISLEY, TARTAN, CHEVRON, HERRINGBONE, MOSAIC, RIPPLE, SCALLOP,
    CONFETTI, LEMON, PEAR, RASPBERRY, MARMALADE, GARDENER, BAKER, POSTMAN, LIBRARY, MUSIC HALL, TELEPHONE,
    OMNIBUS, CLOCKTOWER, ROOFTOP, WINDMILL, CANAL, PARLOUR, ATTIC
""")
# Things, with what one usually costs, in pence.
OBJECTS = _counts("""
    MUG 195, TEA TOWEL 295, CAKE TIN 425, CUSHION COVER 495, DOORSTOP 425, PHOTO FRAME 295, CANDLE HOLDER 165,
    TRINKET DISH 145, LUNCH TIN 225, NAPKINS PACK OF 20 85, WALL HOOK 125, KEY RING 85, SHOPPING BAG 195, WATER
    BOTTLE 250, EGG CUP 105, COASTER 65, PLACEMAT 125, BISCUIT BARREL 795, SUGAR BOWL 255, MILK JUG 295, CAKE
    STAND 995, TABLE RUNNER 595, APRON 445, OVEN GLOVE 255, PEG BAG 245, LAUNDRY SACK 345, STORAGE TIN SET OF 3
    495, SEWING KIT 195, BUTTON BOX 165, RIBBON REEL 125, GIFT WRAP 42, GREETING CARD 42, NOTEBOOK 125, PENCIL
    CASE 165, STICKER SHEET 55, BOOKMARK 55, ALBUM 395, MAGNETS SET OF 4 125, WALL CLOCK 745, ALARM CLOCK 375,
    NIGHT LIGHT 395, STRING OF 10 LIGHTS 495, LANTERN 375, TEALIGHT GLASS 85, INCENSE BURNER 125, SOAP DISH 145,
    BATH MAT 675, HOT WATER BOTTLE 425, DRAUGHT EXCLUDER 495, DOOR MAT 695, UMBRELLA STAND 1275, COAT RACK 895,
    MIRROR 795, DRAWER KNOB 125, PLANT POT 165, WATERING CAN 495, BIRD FEEDER 345, WIND CHIME 225, GARDEN STAKE
    95, HANGING BASKET 595, PICNIC RUG 995, PARASOL 1495, PARTY BUNTING 465, PAPER CUPS SET OF 8 85, CAKE CASES
    PACK OF 72 55, COOKIE CUTTER 95, ROLLING PIN 295, RECIPE BOX 375, SPICE RACK 895, BREAD BIN 1275, CHOPPING
    BOARD 395, FRUIT BOWL 595, SNACK BOXES SET OF 2 215, CHILD'S CUTLERY 245, JIGSAW 165, SKITTLES 295, SPINNING
    TOP 125, SKIPPING ROPE 145, FINGER PUPPET 65, MONEY BOX 165, MUSIC BOX 195, RAG DOLL 295, SOFT TOY 395,
    NECKLACE 395, BRACELET 255, EARRINGS 215, BROOCH 165, HAIR CLIP 85, PURSE 125, WASH BAG 225, SCARF 495,
    SLEEP MASK 195, RULER 12" 85, PLANTER TROUGH 1095, SIDE TABLE 4995, CABINET 7995, STOOL 1995
""")
WRITE_OFF_NOTES = (
    "damaged",
    "?",
    "check",
    "lost",
    "Broken in store",
    "wet pallet",
    "counted again",
    "thrown away",
    "mixed up",
)
FREE_NOTES = ("found", "check", "returned by courier", "adjustment", "sample", "stock take")

HOME = "United Kingdom"
HOME_SHARE = 0.911
# Customers of each country abroad, as parts of all abroad; the names are those of the source.
ABROAD = _counts("""
    Germany 107, France 95, Spain 41, Belgium 29, Portugal 24, Netherlands 23, Switzerland 22, Sweden 19, Italy
    17, Finland 15, Australia 15, Channel Islands 14, Austria 13, Norway 13, Denmark 12, Cyprus 11, Japan 10,
    USA 9, Unspecified 7, Poland 6, EIRE 5, Greece 5, Canada 5, Israel 4, United Arab Emirates 4, Bahrain 2,
    Brazil 2, Korea 2, Malta 2, RSA 2, Czech Republic 1, European Community 1, Hong Kong 1, Iceland 1, Lebanon
    1, Lithuania 1, Nigeria 1, Saudi Arabia 1, Singapore 1, Thailand 1, West Indies 1, Bermuda 1
""")
GUESTS_ABROAD = ("EIRE", "Hong Kong", "Unspecified", "France", "Switzerland", "Germany")
CARRIAGE_COUNTRIES = ("EIRE", "Channel Islands")


@dataclass(frozen=True)
class Booking:
    """A line that the office books, alone on its invoice.

    ``per_million`` is how many stand in a million lines; ``cancelled`` and ``guests`` are shares of them; prices are
    lognormal around ``price`` pounds with ``spread`` as the standard deviation of the logarithm.
    """

    code: str
    description: str
    per_million: float
    cancelled: float
    guests: float
    price: float
    spread: float


BOOKINGS = (
    Booking("M", "Manual", 1350, 0.38, 0.22, 12.7, 1.9),
    Booking("D", "Discount", 170, 1, 0, 19, 1.2),
    Booking("S", "SAMPLES", 100, 0.97, 1, 30, 1),
    Booking("BANK CHARGES", "Bank Charges", 98, 0.66, 0.63, 42, 1.3),
    Booking("ADJUST", "Adjustment by the accounts office", 64, 0.46, 0.09, 49, 1.2),
    Booking("AMAZONFEE", "AMAZON FEE", 41, 0.91, 1, 6500, 0.4),
    Booking("CRUK", "CRUK Commission", 16, 1, 0, 470, 0.4),
    Booking("TEST001", "Test product, not for sale.", 15, 0.27, 0, 4.5, 0),
)
VOUCHERS = (10, 20, 30, 40, 50, 60, 70, 80)
