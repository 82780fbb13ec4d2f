/** The HTTP API, and nothing else, is asked from here. */

/** An answer that is no success: its status, a sentence for people, and the wrong fields when there are any. */
export class ApiError extends Error {
  constructor(status, message, problems = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

/** How long an answer may take: an API gateway gives up after 30 seconds. */
const PATIENCE_MS = 35_000;

let session = { accessToken: async () => null, refused: async () => false };

/**
 * From now on requests carry what `accessToken` resolves with. `refused(token)` is told of a token that the API does
 * not take, and resolves with whether there is another one.
 */
export function useSession(given) {
  session = given;
}

/**
 * Asks the API. `query`: parameters, empty ones left out. `body`: what becomes JSON. `version`: the webhook's version
 * that is to be changed. Resolves with the answer's JSON, null when there is none. Throws ApiError; AbortError when
 * `signal` says so.
 */
export async function ask(method, path, { query = {}, body, version, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  const sent = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" };
  const { answer, text } = await signed(`/api${path}${spelled(query)}`, sent, signal);
  const document = parsed(text);
  if (!answer.ok) throw new ApiError(answer.status, sentence(answer.status, document), document?.problems ?? []);
  if (text && document === undefined) throw new ApiError(answer.status, "That was no answer of the API's. Try again.");
  return document ?? null;
}

/** Once more with another token where the API refuses the first. */
async function signed(url, sent, signal, again = true) {
  const token = await session.accessToken();
  if (token) sent.headers.Authorization = `Bearer ${token}`;
  const answered = await reach(url, sent, signal);
  if (answered.answer.status !== 401 || !again || !(await session.refused(token))) return answered;
  return signed(url, sent, signal, false);
}

async function reach(url, sent, signal) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const answer = await fetch(url, { ...sent, signal: signal ? AbortSignal.any([signal, patience]) : patience });
    return { answer, text: await answer.text() };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, patience.aborted
      ? "The API has not answered for 35 seconds. What was asked may still be done: look before you try again."
      : "The API cannot be reached. Check the connection, then try again.");
  }
}

function spelled(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** Undefined for what is no JSON, such as a proxy's page. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const SENTENCES = {
  401: "Your sign-in has ended. Reload the page to sign in again.",
  403: "Your sign-in does not permit this. Ask whoever runs Grantwire for the scope that it needs.",
  412: "Somebody has changed this webhook since you opened it. Reload the page and look at it, then try again.",
  429: "The API is asked too often at the moment. Wait a few seconds, then try again.",
  503: "The API cannot answer at the moment. Nothing is lost: try again.",
};

function sentence(status, document) {
  return SENTENCES[status] ?? document?.message ?? `The API answered ${status}. Try again.`;
}

const kept = new Map();

/** What never changes while the page is open: samples, filters, schema, recipes; asked for once. */
export function reference(name) {
  if (!kept.has(name)) {
    const asked = ask("GET", `/${name}`);
    kept.set(name, asked);
    asked.catch(() => kept.delete(name));
  }
  return kept.get(name);
}
