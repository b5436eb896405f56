//! People who save now and then, and a script.

use axum::{Router, http::HeaderValue};

use super::clients::Client;

/// How many of them have a document that nobody else edits, and how long they have it open.
const LONE_WRITERS: usize = 60;
const ALONE: Pause = Pause {
    chance: 8,
    longest: 24,
};

/// How long those who edit one document have it open.
const TOGETHER: Pause = Pause {
    chance: 2,
    longest: 3,
};

/// How often the script tries to save in each step.
const ATTEMPTS: usize = 4;

pub(crate) struct People {
    client: Client,
    people: Vec<Person>,
    script: Option<HeaderValue>,
    chance: Chance,
}

/// Somebody with a document open.
struct Person {
    document: String,
    tag: HeaderValue,
    pause: Pause,
    /// Steps since it was read.
    age: u64,
}

/// How many steps somebody has a document open before they save it: as chance has it, one in so many, and no longer than that.
#[derive(Clone, Copy)]
struct Pause {
    chance: u64,
    longest: u64,
}

impl People {
    /// Each with a document of their own.
    pub(crate) async fn of(router: Router) -> Self {
        let mut people = Self {
            client: Client::of(router),
            people: Vec::new(),
            script: None,
            chance: Chance(0),
        };
        for document in 0..LONE_WRITERS {
            people.client.create(&document.to_string()).await;
            people.open(&document.to_string(), ALONE).await;
        }
        people
    }

    /// So many more edit one document.
    pub(crate) async fn edit_together(&mut self, number: usize) {
        self.client.create("together").await;
        for _ in 0..number {
            self.open("together", TOGETHER).await;
        }
    }

    async fn open(&mut self, document: &str, pause: Pause) {
        let tag = self.client.read(document).await;
        self.people.push(Person {
            document: document.to_owned(),
            tag,
            pause,
            age: 0,
        });
    }

    /// From now on, a script saves the first document with the tag that it has now.
    pub(crate) async fn start_script(&mut self) {
        self.script = Some(self.client.read("0").await);
    }

    /// From now on, the proxy between the clients and the service compresses.
    pub(crate) fn compress(&mut self) {
        self.client.is_compressed = true;
    }

    pub(crate) async fn step(&mut self) {
        for (at, person) in self.people.iter_mut().enumerate() {
            person.age += 1;
            // The first document changes in every step.
            let Pause { chance, longest } = person.pause;
            if at == 0 || person.age == longest || self.chance.one_in(chance) {
                person.save(&self.client).await;
            }
        }
        if let Some(tag) = &self.script {
            for _ in 0..ATTEMPTS {
                self.client.save("0", tag).await;
            }
        }
    }
}

impl Person {
    /// As a client should: after a 412 it reads again, merges, and saves once more.
    async fn save(&mut self, client: &Client) {
        if !client.save(&self.document, &self.tag).await {
            self.tag = client.read(&self.document).await;
            client.save(&self.document, &self.tag).await;
        }
        self.tag = client.read(&self.document).await;
        self.age = 0;
    }
}

/// SplitMix64: the same dice in every run.
struct Chance(u64);

impl Chance {
    const fn one_in(&mut self, times: u64) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).is_multiple_of(times)
    }
}
