//! What people are called and where they live, by country. The people are made up: their phone
//! numbers are of ranges kept for films where a country has one, and their e-mail domains end in
//! what is reserved for examples.

/// How a country writes names, numbers and addresses.
#[derive(Debug)]
pub(crate) struct Country {
    /// Customers of a thousand that live there.
    pub(crate) per_mille: u32,
    pub(crate) name: &'static str,
    /// The code that letters from abroad carry before the postcode, as in `D-12345`.
    pub(crate) letter_code: &'static str,
    pub(crate) calling_code: &'static str,
    /// The area code without a leading zero.
    pub(crate) areas: &'static [&'static str],
    /// Digits behind the area code; the last three vary.
    pub(crate) local: &'static str,
    pub(crate) style: Style,
    pub(crate) given: &'static [&'static str],
    pub(crate) family: &'static [&'static str],
    pub(crate) streets: &'static [&'static str],
    /// City, and the first digits of its postcodes or its state.
    pub(crate) cities: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Street 1, 12345 City.
    FiveDigits,
    /// Street 1, 1234 City.
    FourDigits,
    /// 1 Street, City, ST 12345.
    American,
    /// 1 Street, City, AB1 2CD.
    British,
}

pub(crate) const TITLES: &[&str] =
    &["Dr.", "Prof. Dr.", "Herr", "Frau", "Mr", "Mrs.", "Ms", "Dipl.-Ing."];
pub(crate) const SUFFIXES: &[&str] = &["Jr.", "PhD", "MBA", "III", "M.D."];
pub(crate) const NO_NAMES: &[&str] =
    &["-", "n/a", "Customer 4711", "test@example.com", "x / y", "?"];
pub(crate) const NO_EMAILS: &[&str] = &["none", "n/a", "-", "keine", "see phone", "@", "a@b"];
pub(crate) const NO_PHONES: &[&str] =
    &["unknown", "n/a", "0800 FLOWERS", "call after 6 pm", "12345", "-", "see e-mail"];
pub(crate) const NO_ADDRESSES: &[&str] =
    &["-", "unknown", "moved", "PO box", "c/o", "packing station"];
/// Where most people have their mail.
pub(crate) const PROVIDERS: &[&str] = &[
    "example.com",
    "example.com",
    "example.com",
    "example.org",
    "example.org",
    "example.net",
    "mail.example",
    "mail.example",
    "post.example",
    "inbox.example",
    "müller.example",
];
pub(crate) const COMPANIES: &[&str] = &[
    "garden", "books", "steel", "music", "travel", "bakery", "cycles", "optics", "timber", "wine",
];

pub(crate) const COUNTRIES: &[Country] = &[
    Country {
        per_mille: 450,
        name: "Germany",
        letter_code: "D",
        calling_code: "49",
        areas: &["30", "69", "40", "221", "89"],
        local: "23125",
        style: Style::FiveDigits,
        given: &[
            "Anna",
            "Jürgen",
            "Sabine",
            "Karl-Heinz",
            "Käthe",
            "Lukas",
            "Marie",
            "Mehmet",
            "Björn",
            "Emma",
            "Uwe",
            "Hannelore",
            "Finn",
            "Zoë",
            "Ayşe",
            "Günter",
        ],
        family: &[
            "Müller",
            "Schmidt",
            "Schneider",
            "Weiß",
            "Groß",
            "von Bülow",
            "Öztürk",
            "Yılmaz",
            "Krüger",
            "Meyer-Landrut",
            "Bäcker",
            "Hoffmann",
            "zu Guttenberg",
            "Kowalski",
            "Vogel",
            "Jäger",
            "Lange",
            "Köhler",
            "Nguyen",
            "von der Heide",
        ],
        streets: &[
            "Hauptstraße",
            "Bahnhofstr.",
            "Am Markt",
            "Lindenallee",
            "Goethestraße",
            "Mühlenweg",
            "Straße des 17. Juni",
        ],
        cities: &[
            ("Berlin", "10"),
            ("Frankfurt am Main", "60"),
            ("Hamburg", "20"),
            ("Köln", "50"),
            ("München", "80"),
            ("Bad Homburg", "61"),
            ("Nürnberg", "90"),
        ],
    },
    Country {
        per_mille: 90,
        name: "Austria",
        letter_code: "A",
        calling_code: "43",
        areas: &["1", "316", "662"],
        local: "5550",
        style: Style::FourDigits,
        given: &["Leopold", "Theresa", "Franz", "Sisi", "Jörg", "Elisabeth"],
        family: &["Gruber", "Huber", "Bauer", "Wagner", "Österreicher", "Fürst", "Pichler"],
        streets: &["Ringstraße", "Mozartgasse", "Kärntner Straße", "Am Graben"],
        cities: &[("Wien", "1"), ("Graz", "8"), ("Salzburg", "5"), ("Sankt Pölten", "3")],
    },
    Country {
        per_mille: 200,
        name: "USA",
        letter_code: "",
        calling_code: "1",
        areas: &["212", "415", "617", "312", "206"],
        local: "5550",
        style: Style::American,
        given: &[
            "John", "Mary", "Robert", "José", "Linda", "William", "Renée", "Sean", "Latoya", "Ada",
            "Grace", "Dolores",
        ],
        family: &[
            "Smith",
            "Johnson",
            "O'Neill",
            "McDonald",
            "García",
            "Lovelace",
            "Hopper",
            "Jackson",
            "Muñoz",
            "Peterson",
            "Van Buren",
            "Washington",
        ],
        streets: &["Main Street", "Elm St.", "5th Avenue", "Oak Drive", "Martin Luther King Blvd"],
        cities: &[
            ("Springfield", "IL"),
            ("New York", "NY"),
            ("San Francisco", "CA"),
            ("Boston", "MA"),
            ("St. Louis", "MO"),
            ("Seattle", "WA"),
        ],
    },
    Country {
        per_mille: 80,
        name: "United Kingdom",
        letter_code: "",
        calling_code: "44",
        areas: &["20", "161", "131"],
        local: "79460",
        style: Style::British,
        given: &["Oliver", "Amelia", "Siân", "Harry", "Eilidh", "Priya"],
        family: &["Jones", "Taylor", "Hughes-Parry", "Patel", "MacLeod", "Brontë"],
        streets: &["High Street", "Church Lane", "Victoria Road"],
        cities: &[("London", "SW1A"), ("Manchester", "M1"), ("Edinburgh", "EH1")],
    },
    Country {
        per_mille: 100,
        name: "France",
        letter_code: "F",
        calling_code: "33",
        areas: &["1", "4", "6"],
        local: "99000",
        style: Style::FiveDigits,
        given: &["François", "Chloé", "Noël", "Marie-Claire", "Thérèse", "Loïc"],
        family: &["Dupont", "Lefèvre", "de La Fontaine", "d'Arc", "Bélanger", "Curie", "Hervé"],
        streets: &["rue de la Paix", "avenue Victor-Hugo", "place d'Italie"],
        cities: &[("Paris", "75"), ("Lyon", "69"), ("Besançon", "25"), ("Nîmes", "30")],
    },
    Country {
        per_mille: 40,
        name: "Greece",
        letter_code: "GR",
        calling_code: "30",
        areas: &["21", "231"],
        local: "55500",
        style: Style::FiveDigits,
        given: &["Γιώργος", "Ελένη", "Νίκος", "Μαρία"],
        family: &["Παπαδόπουλος", "Γεωργίου", "Αγγελοπούλου", "Οικονόμου"],
        streets: &["Ερμού", "Λεωφόρος Συγγρού"],
        cities: &[("Αθήνα", "10"), ("Θεσσαλονίκη", "54")],
    },
    Country {
        per_mille: 40,
        name: "Denmark",
        letter_code: "DK",
        calling_code: "45",
        areas: &["33", "86"],
        local: "555",
        style: Style::FourDigits,
        given: &["Søren", "Åse", "Kåre", "Freja", "Bjørn"],
        family: &["Jørgensen", "Ærø", "Kierkegaard", "Nielsen", "Øster"],
        streets: &["Strøget", "Nørregade", "Østerbrogade"],
        cities: &[("København", "1"), ("Århus", "8"), ("Odense", "5")],
    },
];
