// Reads what IBM's validator says (JSON), and fails for every error but those of the rules of its own house.

const HOUSE = [
  "ibm-enum-casing-convention", // `If-Match` is how the RFC writes it
  "ibm-integer-attributes", // bounds of every number
  "ibm-no-array-responses", // no list at the top
  "ibm-schema-type-format", // knows no `null`
];

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { results } = JSON.parse(text).error;
const errors = results.filter(({ rule }) => !HOUSE.includes(rule));
for (const { rule, message, path } of errors) console.log(rule, message, path.join("."));
process.exit(errors.length === 0 ? 0 : 1);
