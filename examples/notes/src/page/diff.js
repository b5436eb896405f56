// What two lists of lines, or of words, have in common.

// The table of a comparison has no more entries; of longer lists, only what they begin and end with alike is found.
const LIMIT = 1_000_000;

// Pairs of places, one in each list, in order.
export function common(one, other) {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const between = longest(one.slice(start, one.length - end), other.slice(start, other.length - end));
  return [
    ...Array.from({ length: start }, (_, place) => [place, place]),
    ...between.map(([i, j]) => [start + i, start + j]),
    ...Array.from({ length: end }, (_, place) => [one.length - end + place, other.length - end + place]),
  ];
}

// The longest common subsequence, by the lengths of those of all ends of the lists.
function longest(one, other) {
  const width = other.length + 1;
  if ((one.length + 1) * width > LIMIT) return [];
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = one[i] === other[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i] === other[j]) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}

// All lines of both, those of one first. A line that both have stands once; an empty one says nothing by itself.
export function union(one, other) {
  const pairs = [];
  for (const [i, j] of common(one, other)) {
    const [before] = pairs.slice(-1);
    const goesOn = before?.[0] === i - 1 && before?.[1] === j - 1;
    if (one[i].trim() !== "" || goesOn) pairs.push([i, j]);
  }
  const runs = [];
  let [from, otherFrom] = [0, 0];
  for (const [to, otherTo] of [...pairs, [one.length, other.length]]) {
    runs.push(one.slice(from, to), other.slice(otherFrom, otherTo), one.slice(to, to + 1));
    [from, otherFrom] = [to + 1, otherTo + 1];
  }
  return runs.flat();
}

// A text in runs: { text, isNew }, where words that the text before did not have are new.
export function newWords(before, text) {
  const words = wordsOf(text);
  const kept = new Set(common(wordsOf(before), words).map(([, place]) => place));
  const isNew = words.map((word, place) => word.trim() !== "" && !kept.has(place));
  const runs = [];
  words.forEach((word, place) => {
    // Between two new words a space is new with them.
    const isWordNew = isNew[place] || (word.trim() === "" && isNew[place - 1] && isNew[place + 1]) || false;
    if (runs.at(-1)?.isNew === isWordNew) runs.at(-1).text += word;
    else runs.push({ text: word, isNew: isWordNew });
  });
  return runs;
}

function wordsOf(text) {
  return text.match(/[\p{L}\p{M}\p{N}]+|\s+|[^\p{L}\p{M}\p{N}\s]+/gu) ?? [];
}
