// fhir-kit-client against a FHIR service: the caller sets If-Match from meta.versionId. Prints each write.

import { Client } from 'fhir-kit-client';

const fhir = new Client({ baseUrl: `${process.argv[2]}/fhir` });
const resourceType = 'Patient';

const ours = await fhir.create({ resourceType, body: { resourceType, active: true } });
const { id } = ours;
const theirs = await fhir.read({ resourceType, id });

// Somebody else saves first, so our save is refused.
await update({ ...theirs, gender: 'female' });
const refused = await update({ ...ours, active: false }).then(() => undefined, (error) => error);
check(refused?.response?.status === 412, refused);
check(refused.response.data.resourceType === 'OperationOutcome', refused.response.data);

// Fetched again, our change is made to what is there now.
const again = await fhir.read({ resourceType, id });
const saved = await update({ ...again, active: false });
check(saved.gender === 'female' && saved.active === false, saved);

await sending('DELETE', saved, (options) => fhir.delete({ resourceType, id, options }));

function update(body) {
  return sending('PUT', body, (options) => fhir.update({ resourceType, id, body, options }));
}

async function sending(method, { meta }, send) {
  const headers = { 'If-Match': `W/"${meta.versionId}"` };
  const outcome = await send({ headers }).then((value) => ({ value }), (error) => ({ error }));
  const { response } = outcome.error ?? Client.httpFor(outcome.value);
  const tag = typeof response.headers?.get === 'function' ? response.headers.get('etag') : response.headers?.etag;
  console.log(method, headers['If-Match'], response.status, tag ?? '-');
  if (outcome.error) throw outcome.error;
  return outcome.value;
}

function check(holds, what) {
  if (!holds) throw new Error(`not as expected: ${JSON.stringify(what)}`);
}
