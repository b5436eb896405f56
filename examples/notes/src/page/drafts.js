// What was typed and not saved. It outlives a reload, a crash and the tab.
//
// Two tabs may edit one note, so a draft belongs to a tab. A tab holds a lock as long as it lives; the drafts of a tab
// that is gone are taken over by the next one that opens the note.

const DRAFT = "notes:draft:";
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

// The draft of this tab, or the latest that a tab which is gone has left.
export async function find(key) {
  const own = localStorage.getItem(nameOf(key, tab));
  if (own) return JSON.parse(own);
  const left = (await inReach()).filter((found) => found.key === key);
  const latest = left.sort((a, b) => b.draft.at - a.draft.at)[0];
  if (!latest) return null;
  localStorage.setItem(nameOf(key, tab), JSON.stringify(latest.draft));
  localStorage.removeItem(latest.name);
  return latest.draft;
}

// The keys of all drafts that this tab would find.
export async function keys() {
  return new Set((await inReach()).map(({ key }) => key));
}

async function inReach() {
  const { held } = await navigator.locks.query();
  const living = new Set(held.map((lock) => lock.name));
  return all().filter(({ owner }) => owner === tab || !living.has(LOCK + owner));
}

function all() {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(DRAFT));
  return names.map((name) => {
    const [key, owner] = name.slice(DRAFT.length).split(":");
    return { name, key, owner, draft: JSON.parse(localStorage.getItem(name)) };
  });
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
