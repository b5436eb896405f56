//! Plain tower services: a layer around one, and a directory in memory.

use tower::Layer;
use tower_conditional::source::Fixed;
use tower_conditional::{ConditionalLayer, EntityTag, HttpDate, Refusal, Representation};
use tower_conditional_benches::meter::Meter;
use tower_conditional_benches::services::Bare;
use tower_http::services::ServeDir;

use super::{Job, KIB, NOT_MODIFIED, NOT_MODIFIED_OF_100, OK, REFUSED, Who, bare, layered};
use crate::peers::memory::Memory;
use crate::request::TAG;

const JOBS: &[Job] = &[OK, NOT_MODIFIED, NOT_MODIFIED_OF_100, REFUSED];
const BARE: &str = "bare service";

const fn who(name: &'static str, base: Option<&'static str>) -> Who {
    Who {
        name,
        base,
        path: "/note.txt",
        jobs: JOBS,
    }
}

pub(super) fn rows(meter: &mut impl Meter) {
    bare(meter, who(BARE, None), &mut Bare::of_size(KIB));
    let layer = ConditionalLayer::new(Fixed::new(current()));
    // Terse, because the peer's refusal has no text either.
    let layer = layer.refuse_with(|refusal: &Refusal| refusal.to_terse());
    let ours = &mut layer.layer(Bare::of_size(KIB));
    layered(meter, who("tower-conditional", Some(BARE)), ours);
    let directory = &mut ServeDir::with_backend("", Memory::of_size(KIB));
    let name = "tower-http ServeDir, its files in memory";
    layered(meter, who(name, Some(BARE)), directory);
}

/// Both validators, because files have both.
fn current() -> Representation {
    let changed = HttpDate::from_unix_seconds(1_735_689_600).expect("a date");
    Representation::tagged(EntityTag::from_static(TAG)).last_modified(changed)
}
