// What was typed and not saved. It outlives a reload, a crash and the tab.
//
// Two tabs may edit one note, so a draft belongs to a tab. A tab holds a lock as long as it lives; the drafts of a tab
// that is gone are taken over by the next one that opens the note.

const DRAFT = "notes:draft:";
const UNDO = "notes:undo:";
const TAB = "notes:tab";
const LOCK = "notes:tab:";

const tab = await ownName();

export function keep(key, draft) {
  try {
    localStorage.setItem(nameOf(key, tab), JSON.stringify({ ...draft, at: Date.now() }));
    return true;
  } catch {
    return false;
  }
}

export function drop(key) {
  localStorage.removeItem(nameOf(key, tab));
}

// What a person may want back, for as long as the tab lives; without room, until the note is left.
export function keepUndo(key, undo) {
  try {
    sessionStorage.setItem(UNDO + key, JSON.stringify(undo));
  } catch {
    sessionStorage.removeItem(UNDO + key);
  }
}

export function undoOf(key) {
  return JSON.parse(sessionStorage.getItem(UNDO + key)) ?? {};
}

// The draft of this tab, or the latest that a tab which is gone has left.
export async function find(key) {
  const own = localStorage.getItem(nameOf(key, tab));
  if (own) return JSON.parse(own);
  const latest = latestOf((await all()).filter((found) => found.key === key && found.isInReach));
  if (!latest) return null;
  localStorage.setItem(nameOf(key, tab), JSON.stringify(latest.draft));
  localStorage.removeItem(latest.name);
  return latest.draft;
}

// The latest draft that a tab which is still open has of this note.
export async function elsewhere(key) {
  const found = (await all()).filter((found) => found.key === key && !found.isInReach);
  return latestOf(found)?.draft ?? null;
}

// Of each note that has drafts, the one that this tab would find; or else one that another tab has open.
export async function listed() {
  const found = await all();
  return new Map(found.map(({ key }) => {
    const ofNote = found.filter((other) => other.key === key);
    const inReach = ofNote.filter(({ isInReach }) => isInReach);
    return [key, latestOf(inReach.length > 0 ? inReach : ofNote)];
  }));
}

async function all() {
  const { held } = await navigator.locks.query();
  const living = new Set(held.map((lock) => lock.name));
  const names = Object.keys(localStorage).filter((name) => name.startsWith(DRAFT));
  return names.map((name) => {
    const [key, owner] = name.slice(DRAFT.length).split(":");
    const isInReach = owner === tab || !living.has(LOCK + owner);
    return { name, key, draft: JSON.parse(localStorage.getItem(name)), isInReach, isOwn: owner === tab };
  });
}

// One's own, or else the one that was written last.
function latestOf(found) {
  return found.sort((a, b) => b.isOwn - a.isOwn || b.draft.at - a.draft.at)[0];
}

function nameOf(key, owner) {
  return `${DRAFT}${key}:${owner}`;
}

// A reload keeps the name. A duplicated tab has the same one at first, and cannot get its lock.
async function ownName() {
  const kept = sessionStorage.getItem(TAB);
  if (kept && await hold(kept, { signal: AbortSignal.timeout(500) })) return kept;
  const fresh = crypto.randomUUID();
  sessionStorage.setItem(TAB, fresh);
  await hold(fresh, {});
  return fresh;
}

function hold(name, options) {
  return new Promise((resolve) => {
    const untilGone = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(LOCK + name, options, untilGone).catch(() => resolve(false));
  });
}
