/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the words of generated documents. Nothing is copied from any film database: names are put together from common
 * first and last names, titles and plots from plain words. Towns are real, their theaters are not. The order of the lists is part of what a
 * seed means: add at the end only, and know that it changes the bytes.
 */
#include "words.h"

#define LIST(name) const word_list name = {name##_, sizeof name##_ / sizeof *name##_}

static const char *const first_names_[] = {
    "Ada",     "Albert",   "Alice",  "Amélie", "Andrés", "Anna",    "Antonio", "Beatriz", "Björn",    "Bruno",   "Camille",
    "Carlos",  "Chiara",   "Claire", "Dmitri", "Dorota", "Edith",   "Elena",   "Émile",   "Erik",     "Eva",     "Felix",
    "Fiona",   "François", "Frida",  "George", "Giulia", "Greta",   "Gustav",  "Hana",    "Harold",   "Helen",   "Henrik",
    "Hiroshi", "Ida",      "Igor",   "Ines",   "Ingrid", "Irene",   "Ivan",    "Jack",    "James",    "Jeanne",  "João",
    "John",    "Jorge",    "José",   "Julia",  "Jürgen", "Kate",    "Kenji",   "Klara",   "Lars",     "Laura",   "Leo",
    "Lena",    "Lidia",    "Liam",   "Louis",  "Lucía",  "Luka",    "Magda",   "Marcel",  "Margaret", "María",   "Marko",
    "Martha",  "Mary",     "Masako", "Max",    "Mei",    "Mikhail", "Milan",   "Nadia",   "Nikolai",  "Nina",    "Noah",
    "Olga",    "Oscar",    "Paolo",  "Paul",   "Pavel",  "Pedro",   "Pia",     "Rachel",  "Raj",      "René",    "Rita",
    "Robert",  "Rosa",     "Ruth",   "Samuel", "Sean",   "Sofia",   "Søren",   "Stefan",  "Susan",    "Takeshi", "Teresa",
    "Thomas",  "Vera",     "Victor", "Walter", "Wanda",  "William", "Yuki",    "Zoë",     "Zofia",
};
LIST(first_names);

static const char *const last_names_[] = {
    "Adams",    "Almeida",   "Andersen", "Arnaud",     "Baker",     "Baumann",  "Bell",     "Bergström", "Bianchi",
    "Blanc",    "Bosch",     "Brandt",   "Brennan",    "Carter",    "Castillo", "Černy",    "Chen",      "Clarke",
    "Colombo",  "Costa",     "Cruz",     "Dahl",       "Delacroix", "Diaz",     "Dubois",   "Eklund",    "Ellis",
    "Fabre",    "Farkas",    "Ferrari",  "Fischer",    "Fontaine",  "Forsberg", "Fraser",   "Fujita",    "Gallo",
    "García",   "Gibson",    "González", "Graham",     "Greene",    "Grünwald", "Gupta",    "Halloran",  "Hansen",
    "Hartmann", "Hayashi",   "Hoffmann", "Horvat",     "Hughes",    "Ibáñez",   "Ishikawa", "Ivanov",    "Jansen",
    "Jensen",   "Johansson", "Kaplan",   "Kato",       "Keller",    "Kelly",    "Kowalski", "Kraus",     "Kumar",
    "Lambert",  "Larsen",    "Laurent",  "Lehmann",    "Lindqvist", "Lombardi", "López",    "Mancini",   "Marsh",
    "Martin",   "Mehta",     "Meyer",    "Mitchell",   "Molnár",    "Moreau",   "Moreno",   "Morgan",    "Müller",
    "Murphy",   "Nakamura",  "Navarro",  "Nielsen",    "Novak",     "Nowicki",  "O'Brien",  "Ōta",       "Olsen",
    "Orlova",   "Palmer",    "Pereira",  "Petrov",     "Popescu",   "Quinn",    "Ramos",    "Reyes",     "Ricci",
    "Rivera",   "Romano",    "Rossi",    "Roux",       "Ruiz",      "Santos",   "Sato",     "Schäfer",   "Schmidt",
    "Silva",    "Singh",     "Sokolov",  "Sørensen",   "Stewart",   "Suzuki",   "Szabó",    "Tanaka",    "Taylor",
    "Torres",   "Turner",    "Vargas",   "Vasiliev",   "Vidal",     "Vogel",    "Wagner",   "Walsh",     "Weber",
    "Whitaker", "Wójcik",    "Yamada",   "Zimmermann",
};
LIST(last_names);

static const char *const adjectives_[] = {
    "Amber",    "Ancient",   "Bitter",   "Blind",   "Blue",    "Borrowed",  "Brave",     "Bright",  "Broken",   "Burning",
    "Careless", "Clever",    "Cold",     "Crimson", "Crooked", "Cruel",     "Dark",      "Deep",    "Distant",  "Dusty",
    "Early",    "Eastern",   "Electric", "Empty",   "Endless", "Fading",    "Faithful",  "False",   "Fearless", "Final",
    "First",    "Forgotten", "Frozen",   "Gentle",  "Gilded",  "Golden",    "Good",      "Gray",    "Green",    "Hidden",
    "High",     "Hollow",    "Honest",   "Humble",  "Hungry",  "Idle",      "Invisible", "Iron",    "Ivory",    "Last",
    "Late",     "Lonely",    "Long",     "Lost",    "Loud",    "Lucky",     "Midnight",  "Modest",  "Narrow",   "New",
    "Noble",    "Northern",  "Old",      "Open",    "Painted", "Pale",      "Paper",     "Perfect", "Plain",    "Proud",
    "Quiet",    "Red",       "Restless", "Rising",  "Rough",   "Royal",     "Rusty",     "Sacred",  "Salty",    "Savage",
    "Scarlet",  "Second",    "Secret",   "Seventh", "Shallow", "Silent",    "Silver",    "Simple",  "Sleeping", "Slow",
    "Small",    "Southern",  "Stolen",   "Stormy",  "Strange", "Stubborn",  "Sudden",    "Sunken",  "Sweet",    "Tender",
    "Third",    "Timid",     "Twisted",  "Unknown", "Velvet",  "Wandering", "Warm",      "Western", "White",    "Wicked",
    "Wild",     "Winding",   "Winter",   "Wise",    "Wooden",  "Yellow",    "Young",
};
LIST(adjectives);

static const char *const nouns_[] = {
    "Alley",     "Anchor",    "Apple",    "Archer",   "Attic",     "Balloon",   "Bell",     "Bicycle",    "Bird",
    "Bridge",    "Brother",   "Cabin",    "Candle",   "Captain",   "Carnival",  "Castle",   "Cellar",     "Chapel",
    "Cinema",    "Circus",    "City",     "Clock",    "Coast",     "Cousin",    "Crossing", "Crown",      "Dancer",
    "Daughter",  "Desert",    "Diary",    "Doctor",   "Door",      "Dream",     "Echo",     "Empire",     "Engine",
    "Evening",   "Express",   "Farmer",   "Father",   "Feather",   "Ferry",     "Field",    "Fire",       "Forest",
    "Fortune",   "Fox",       "Frontier", "Garden",   "Gambler",   "Ghost",     "Glass",    "Guest",      "Harbor",
    "Harvest",   "Heart",     "Highway",  "Hill",     "Honeymoon", "Horizon",   "Horse",    "Hotel",      "House",
    "Hunter",    "Inspector", "Island",   "Journey",  "Judge",     "Jungle",    "Key",      "Kingdom",    "Kitchen",
    "Knight",    "Ladder",    "Lake",     "Lantern",  "Lawyer",    "Letter",    "Library",  "Lighthouse", "Machine",
    "Mask",      "Market",    "Melody",   "Memory",   "Mile",      "Miner",     "Mirror",   "Monsoon",    "Moon",
    "Morning",   "Mother",    "Mountain", "Museum",   "Neighbor",  "Night",     "Nurse",    "Ocean",      "Orchard",
    "Orchestra", "Outlaw",    "Painter",  "Palace",   "Parade",    "Passenger", "Piano",    "Pilot",      "Planet",
    "Postcard",  "Prairie",   "Prince",   "Promise",  "Queen",     "Railway",   "Rain",     "Ranger",     "Rendezvous",
    "Rescue",    "Rider",     "River",    "Road",     "Robot",     "Rooftop",   "Rose",     "Sailor",     "Sea",
    "Season",    "Secretary", "Sergeant", "Shadow",   "Shepherd",  "Ship",      "Shore",    "Signal",     "Sister",
    "Sky",       "Smoke",     "Snow",     "Soldier",  "Song",      "Spring",    "Stage",    "Staircase",  "Star",
    "Station",   "Stranger",  "Street",   "Suitcase", "Summer",    "Sunday",    "Tailor",   "Teacher",    "Telegram",
    "Theater",   "Thief",     "Thunder",  "Tide",     "Tiger",     "Tower",     "Train",    "Traveler",   "Treasure",
    "Trial",     "Tunnel",    "Umbrella", "Valley",   "Village",   "Violin",    "Voice",    "Voyage",     "Wagon",
    "Waltz",     "Watchman",  "Water",    "Wedding",  "Whisper",   "Widow",     "Wind",     "Window",     "Witness",
    "Wolf",      "Word",      "World",    "Writer",   "Year",
};
LIST(nouns);

static const char *const places_[] = {
    "Alaska",    "Bombay",     "Brooklyn", "Buenos Aires",  "Cádiz",     "Calcutta", "Córdoba",   "Cornwall",
    "Dublin",    "Düsseldorf", "Genoa",    "Glasgow",       "Göteborg",  "Havana",   "Istanbul",  "Kansas",
    "Kraków",    "Kyoto",      "Lisbon",   "London",        "Manhattan", "Manila",   "Marseille", "Montana",
    "Montréal",  "Naples",     "Nevada",   "Odessa",        "Osaka",     "Paris",    "Prague",    "Québec",
    "Reykjavík", "Rio",        "Samoa",    "San Sebastián", "São Paulo", "Shanghai", "Sicily",    "Texas",
    "Tokyo",     "Trieste",    "Vienna",   "Warsaw",        "Wyoming",   "Zürich",
};
LIST(places);

static const char *const roles_[] = {
    "a retired watchmaker",
    "a young reporter",
    "an unlucky gambler",
    "a country doctor",
    "a widowed schoolteacher",
    "a night porter",
    "a stubborn farmer",
    "a travelling musician",
    "a disgraced captain",
    "an ambitious clerk",
    "a runaway bride",
    "a small-town sheriff",
    "a lighthouse keeper",
    "a tired detective",
    "an orphaned boy",
    "a famous pianist",
    "a shy librarian",
    "a former boxer",
    "a taxi driver",
    "a circus rider",
    "an aging actress",
    "a mountain guide",
    "a ship's cook",
    "a girl from the harbor",
    "a stranded pilot",
    "an honest lawyer",
    "a street photographer",
    "a lonely baker",
    "two brothers",
    "three old friends",
    "a family of beekeepers",
    "a group of students",
    "an inventor",
    "a village priest",
    "the last projectionist",
    "a railway inspector",
};
LIST(roles);

/* Beginnings of titles in other languages; a foreign noun follows. */
static const char *const foreign_titles_[] = {
    "El último",   "La niña y el",        "El corazón del", "Le dernier", "La forêt et le", "L'été du",
    "Der große",   "Das Mädchen und der", "Für den",        "Il più bel", "La città del",   "O último",
    "A canção do", "Den lille",           "Där finns en",   "Poslední",   "Ostatni",        "Az utolsó",
    "Son",         "Viimeinen",           "Kızıl",          "Żółty",
};
LIST(foreign_titles);

static const char *const foreign_nouns_[] = {
    "camión",    "jardín",    "sueño", "mañana",  "théâtre", "château", "rêve",    "hôtel", "Bär",   "König", "Frühling",
    "Schlüssel", "perché",    "caffè", "coração", "irmão",   "avião",   "sjømann", "drøm",  "älven", "höst",  "vůz",
    "dům",       "żaglowiec", "mąż",   "fűzfa",   "tükör",   "güneş",   "çocuk",   "päivä", "yö",    "ördög",
};
LIST(foreign_nouns);

static const char *const studios_[] = {
    "Northgate Films",
    "Silver Reel",
    "Harbor Lane Pictures",
    "Meridian",
    "Old Mill Studios",
    "Lantern House",
    "Blue Door Productions",
    "Cascade Pictures",
    "Granite Film Company",
    "Paper Boat Releasing",
    "Tramway Classics",
    "Eastern Gate Entertainment",
    "Union Square Pictures",
    "Kingfisher Home Video",
    "Two Rivers Film Distribution",
};
LIST(studios);

static const char *const street_names_[] = {
    "Maple Ave",     "Oak St",       "Main St",         "Market St",     "Park Blvd",      "Mill Rd",
    "Lake Shore Dr", "Commerce Way", "Sunset Blvd",     "Airport Rd",    "Town Center Dr", "Riverside Dr",
    "Highland Ave",  "College Ave",  "Frontage Rd",     "Harbor Blvd",   "Orchard Ln",     "Cedar Creek Pkwy",
    "Washington St", "Lincoln Hwy",  "State Rd",        "Franklin Tpke", "Valley View Rd", "Union Ave",
    "Plaza Dr",      "Meadow Ln",    "Crossroads Blvd", "Prairie St",    "Canyon Rd",      "Station Sq",
};
LIST(street_names);

#define WEIGHTED(name)                                                                                                      \
    _Static_assert(sizeof name##_ / sizeof *name##_ == sizeof name##_weights / sizeof *name##_weights,                      \
                   "one weight per word");                                                                                  \
    const weighted_list name = {name##_, name##_weights, sizeof name##_ / sizeof *name##_}

static const char *const genre_words_[] = {
    "Drama",     "Comedy", "Romance", "Crime",   "Thriller",  "Action",  "Documentary", "Adventure", "Horror",
    "Biography", "Family", "Mystery", "Fantasy", "Sci-Fi",    "History", "Animation",   "Music",     "War",
    "Musical",   "Short",  "Sport",   "Western", "Film-Noir", "News",    "Talk-Show",
};
static const uint32_t genre_words_weights[] = {
    13789, 7024, 3665, 2678, 2658, 2539, 2129, 2045, 1703, 1404, 1311, 1259, 1153,
    1034,  999,  971,  840,  794,  487,  478,  390,  274,  105,  51,   1,
};
WEIGHTED(genre_words);

static const char *const country_words_[] = {
    "USA",          "UK",     "Italy", "France",  "Japan",     "Germany", "Soviet Union", "Mexico",      "Spain",
    "West Germany", "Sweden", "India", "Finland", "Austria",   "Canada",  "Hungary",      "Switzerland", "Yugoslavia",
    "China",        "Norway", "Egypt", "Romania", "Hong Kong", "Poland",  "Taiwan",
};
static const uint32_t country_words_weights[] = {730, 113, 77, 76, 36, 22, 18, 18, 17, 10, 8, 8, 7,
                                                 6,   6,   3,  3,  3,  2,  2,  2,  2,  2,  2, 2};
WEIGHTED(country_words);

static const char *const language_words_[] = {
    "English",   "French",    "German",     "Italian",   "Spanish",
    "Japanese",  "Russian",   "Portuguese", "Latin",     "Arabic",
    "Hungarian", "Swedish",   "Finnish",    "Polish",    "Greek",
    "Mandarin",  "Hindi",     "Dutch",      "Yiddish",   "Czech",
    "Chinese",   "Norwegian", "Swahili",    "Cantonese", "American Sign Language",
};
static const uint32_t language_words_weights[] = {834, 150, 96, 92, 76, 42, 33, 15, 11, 7, 7, 7, 7,
                                                  6,   6,   6,  6,  4,  3,  3,  3,  3,  3, 2, 2};
WEIGHTED(language_words);

/* Certificates before 1968, and since: they were other words. */
static const char *const rated_old_words_[] = {"APPROVED", "PASSED", "Approved", "NOT RATED", "UNRATED", "TV-G", "TV-PG"};
static const uint32_t rated_old_words_weights[] = {450, 176, 5, 3, 1, 6, 6};
WEIGHTED(rated_old_words);

static const char *const rated_new_words_[] = {"R",     "PG-13", "PG",   "NOT RATED", "G",  "UNRATED", "TV-14",
                                               "TV-MA", "TV-PG", "TV-G", "M",         "GP", "NC-17",   "X"};
static const uint32_t rated_new_words_weights[] = {5500, 2300, 1850, 1300, 480, 750, 90, 60, 75, 60, 40, 44, 38, 38};
WEIGHTED(rated_new_words);

const char *pick(prng *l, const word_list *list)
{
    return list->words[prng_below(l, (uint32_t)list->n)];
}

const char *pick_weighted(prng *l, const weighted_list *list)
{
    return list->words[prng_weighted(l, list->weights, list->n)];
}
