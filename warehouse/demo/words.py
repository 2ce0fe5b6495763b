"""The words that the demo shop's names are made of, its countries, and what its office books."""

from dataclasses import dataclass

COLOURS = (
    *("", "BLUE", "RED", "PINK", "CREAM", "SAGE", "MUSTARD", "PLUM", "TEAL", "COPPER", "PEWTER", "CORAL", "LILAC"),
    *("CHARCOAL", "PEACH", "NAVY", "MINT", "AMBER", "SCARLET", "OLIVE", "PEARL"),
)
SEASONAL_MOTIFS = ("MISTLETOE", "SNOWY ROBIN", "WINTER FIR", "HOLLY SPRIG", "SLEIGH RIDE", "FROSTED BELL")
MOTIFS = (
    *("HARBOUR", "BRAMBLE", "MEADOW", "FOXGLOVE", "HEDGEHOG", "LIGHTHOUSE", "THISTLE", "ORCHARD", "TUGBOAT", "KESTREL"),
    *("PICNIC", "SEASHELL", "CLOVER", "BUNTING", "BUMBLEBEE", "WILLOW", "ACORN", "DRAGONFLY", "SKYLARK", "GINGHAM"),
    *("TEAPOT", "BICYCLE", "HOT AIR BALLOON", "RAINY DAY", "MARKET STALL", "CAROUSEL", "COTTAGE", "PUDDLE DUCK"),
    *("MOONLIGHT", "STARGAZER", "BOTANICAL", "FERN", "TULIP", "POPPY", "SUNFLOWER", "LAVENDER", "WOODLAND", "OTTER"),
    *("BADGER", "PENGUIN", "ELEPHANT", "GIRAFFE", "WHALE", "MERMAID", "PIRATE", "KNIGHT", "FAIRGROUND", "STEAM TRAIN"),
    *("PAISLEY", "TARTAN", "CHEVRON", "HERRINGBONE", "MOSAIC", "RIPPLE", "SCALLOP", "CONFETTI", "LEMON", "PEAR"),
    *("RASPBERRY", "MARMALADE", "GARDENER", "BAKER", "POSTMAN", "LIBRARY", "MUSIC HALL", "TELEPHONE", "OMNIBUS"),
    *("CLOCKTOWER", "ROOFTOP", "WINDMILL", "CANAL", "PARLOUR", "ATTIC"),
)
OBJECTS = (
    *("MUG", "TEA TOWEL", "CAKE TIN", "CUSHION COVER", "DOORSTOP", "PHOTO FRAME", "CANDLE HOLDER", "TRINKET DISH"),
    *("LUNCH TIN", "NAPKINS PACK OF 20", "WALL HOOK", "KEY RING", "SHOPPING BAG", "WATER BOTTLE", "EGG CUP", "COASTER"),
    *("PLACEMAT", "BISCUIT BARREL", "SUGAR BOWL", "MILK JUG", "CAKE STAND", "TABLE RUNNER", "APRON", "OVEN GLOVE"),
    *("PEG BAG", "LAUNDRY SACK", "STORAGE TIN SET OF 3", "SEWING KIT", "BUTTON BOX", "RIBBON REEL", "GIFT WRAP"),
    *("GREETING CARD", "NOTEBOOK", "PENCIL CASE", "STICKER SHEET", "BOOKMARK", "ALBUM", "MAGNETS SET OF 4", "WALL CLOCK"),
    *("ALARM CLOCK", "NIGHT LIGHT", "STRING OF 10 LIGHTS", "LANTERN", "TEALIGHT GLASS", "INCENSE BURNER", "SOAP DISH"),
    *("BATH MAT", "HOT WATER BOTTLE", "DRAUGHT EXCLUDER", "DOOR MAT", "UMBRELLA STAND", "COAT RACK", "MIRROR", "DRAWER KNOB"),
    *("PLANT POT", "WATERING CAN", "BIRD FEEDER", "WIND CHIME", "GARDEN STAKE", "HANGING BASKET", "PICNIC RUG", "PARASOL"),
    *("PARTY BUNTING", "PAPER CUPS SET OF 8", "CAKE CASES PACK OF 72", "COOKIE CUTTER", "ROLLING PIN", "RECIPE BOX"),
    *("SPICE RACK", "BREAD BIN", "CHOPPING BOARD", "FRUIT BOWL", "SNACK BOXES SET OF 2", "CHILD'S CUTLERY", "JIGSAW"),
    *("SKITTLES", "SPINNING TOP", "SKIPPING ROPE", "FINGER PUPPET", "MONEY BOX", "MUSIC BOX", "RAG DOLL", "SOFT TOY"),
    *("NECKLACE", "BRACELET", "EARRINGS", "BROOCH", "HAIR CLIP", "PURSE", "WASH BAG", "SCARF", "SLEEP MASK"),
    *('RULER 12"', "PLANTER TROUGH", "SIDE TABLE", "CABINET", "STOOL"),
)
WRITE_OFF_NOTES = ("damaged", "?", "check", "lost", "Broken in store", "wet pallet", "counted again", "thrown away", "mixed up")
FREE_NOTES = ("found", "check", "returned by courier", "adjustment", "sample", "stock take")

HOME = "United Kingdom"
HOME_SHARE = 0.911
# Customers of each country abroad, as parts of all abroad; the names are those of the hand-over.
ABROAD = {
    **{"Germany": 107, "France": 95, "Spain": 41, "Belgium": 29, "Portugal": 24, "Netherlands": 23, "Switzerland": 22},
    **{"Sweden": 19, "Italy": 17, "Finland": 15, "Australia": 15, "Channel Islands": 14, "Austria": 13, "Norway": 13},
    **{"Denmark": 12, "Cyprus": 11, "Japan": 10, "USA": 9, "Unspecified": 7, "Poland": 6, "EIRE": 5, "Greece": 5},
    **{"Canada": 5, "Israel": 4, "United Arab Emirates": 4, "Bahrain": 2, "Brazil": 2, "Korea": 2, "Malta": 2, "RSA": 2},
    **{"Czech Republic": 1, "European Community": 1, "Hong Kong": 1, "Iceland": 1, "Lebanon": 1, "Lithuania": 1},
    **{"Nigeria": 1, "Saudi Arabia": 1, "Singapore": 1, "Thailand": 1, "West Indies": 1, "Bermuda": 1},
}
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
