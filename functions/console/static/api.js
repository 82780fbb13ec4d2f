/** The HTTP API, and nothing else, is asked from here. */

/** An answer that is no success: its status, a sentence for people, and the wrong fields when there are any. */
export class ApiError extends Error {
  constructor(status, message, problems = []) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

let accessToken = async () => null;

/** From now on requests carry what `give` resolves with; it may send the person away to sign in. */
export function useAccessToken(give) {
  accessToken = give;
}

/**
 * Asks the API. `query`: parameters, empty ones left out. `body`: what becomes JSON. `version`: the webhook's version that
 * is to be changed. Resolves with the answer's JSON, null when there is none. Throws ApiError; AbortError when `signal` says so.
 */
export async function ask(method, path, { query = {}, body, version, signal } = {}) {
  const headers = {};
  const token = await accessToken();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  const answer = await reach(`/api${path}${spelled(query)}`, {
    method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
  });
  const text = await answer.text();
  const document = parsed(text);
  if (answer.ok) return document;
  throw new ApiError(answer.status, sentence(answer.status, document), document?.problems ?? []);
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The API cannot be reached. Check the connection, then try again.");
  }
}

function spelled(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

const SENTENCES = {
  401: "Your sign-in has ended. Reload the page to sign in again.",
  403: "Your sign-in does not permit this. Ask whoever runs Grantwire for the scope that it needs.",
  429: "The API is asked too often at the moment. Wait a few seconds, then try again.",
  503: "The API cannot answer at the moment. Nothing is lost: try again.",
};

function sentence(status, document) {
  if (SENTENCES[status]) return SENTENCES[status];
  return document?.message ?? `The API answered ${status}.`;
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
