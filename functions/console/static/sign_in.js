/**
 * Signing in by OpenID Connect: authorization code with PKCE (RFC 7636), discovery as OpenID Connect Discovery 1.0 has it.
 * Tokens are kept in this page's memory only. Reloading the page asks the issuer again, which answers at once for whoever is
 * still signed in there.
 */

const STATE = "grantwire-sign-in";
const SPARE_MS = 60_000;

/**
 * The session of whoever is signed in; sends the browser to the issuer, and never resolves, when nobody is.
 * `settings`: issuer, client_id, audience (empty: none asked for). Throws with a sentence when the issuer refuses.
 */
export async function signedIn(settings) {
  if (!settings.client_id) throw new Error("This deployment has an issuer of its own and no client there for the console: set its parameter ConsoleClientId.");
  const endpoints = await discovered(settings.issuer);
  const answered = takeAnswer();
  if (!answered) return begin(settings, endpoints);
  const tokens = await exchange(settings, endpoints, {
    grant_type: "authorization_code", code: answered.code, code_verifier: answered.verifier, redirect_uri: home(),
  });
  return new Session(settings, endpoints, tokens);
}

class Session {
  constructor(settings, endpoints, tokens) {
    Object.assign(this, { settings, endpoints });
    this.keep(tokens);
    this.accessToken = () => (Date.now() < this.until ? this.token : this.renewed());
    this.signOut = () => this.end();
  }

  keep(tokens) {
    this.token = tokens.access_token;
    this.refreshToken = tokens.refresh_token ?? this.refreshToken;
    this.until = Date.now() + (tokens.expires_in ?? 3600) * 1000 - SPARE_MS;
  }

  /** A new token; all who ask meanwhile wait for the same one. A form that is being filled in stays as it is. */
  renewed() {
    this.renewing ??= this.renew().finally(() => { this.renewing = null; });
    return this.renewing;
  }

  async renew() {
    if (!this.refreshToken) throw new Error("Your sign-in has ended. Reload the page to sign in again.");
    this.keep(await exchange(this.settings, this.endpoints, { grant_type: "refresh_token", refresh_token: this.refreshToken }));
    return this.token;
  }

  /** Forgets the tokens and signs out at the issuer, where it offers that (RP-initiated logout; Cognito has its own names). */
  end() {
    this.token = this.refreshToken = null;
    const { end_session_endpoint: ending } = this.endpoints;
    const query = new URLSearchParams({ client_id: this.settings.client_id, logout_uri: home(), post_logout_redirect_uri: home() });
    location.assign(ending ? `${ending}?${query}` : this.settings.issuer);
  }
}

async function discovered(issuer) {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const answer = await fetch(url, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) throw new Error(`The issuer ${issuer} cannot be reached to sign you in. Reload the page to try again.`);
  return answer.json();
}

/** What the issuer sent the browser back with, taken out of the address; null when it is not coming back. */
function takeAnswer() {
  const query = new URLSearchParams(location.search);
  if (!query.has("state")) return null;
  const begun = JSON.parse(sessionStorage.getItem(STATE) ?? "null");
  sessionStorage.removeItem(STATE);
  history.replaceState(null, "", `/${begun?.hash ?? ""}`);
  if (begun?.state !== query.get("state")) return null; // not begun by this page: begin anew
  if (query.has("error")) throw new Error(`You could not be signed in: ${query.get("error_description") ?? query.get("error")}.`);
  return { code: query.get("code"), verifier: begun.verifier };
}

async function begin(settings, endpoints) {
  const [state, verifier] = [random(), random()];
  sessionStorage.setItem(STATE, JSON.stringify({ state, verifier, hash: location.hash }));
  const query = new URLSearchParams({
    response_type: "code", client_id: settings.client_id, redirect_uri: home(), state,
    scope: "openid grantwire/read grantwire/write grantwire/test",
    code_challenge: await challenge(verifier), code_challenge_method: "S256",
    ...(settings.audience ? { audience: settings.audience } : {}),
  });
  location.assign(`${endpoints.authorization_endpoint}?${query}`);
  return new Promise(() => {});
}

async function exchange(settings, endpoints, fields) {
  const body = new URLSearchParams({ client_id: settings.client_id, ...fields });
  const answer = await fetch(endpoints.token_endpoint, { method: "POST", body }).catch(() => null);
  if (!answer?.ok) throw new Error("The issuer did not give a token. Reload the page to sign in again.");
  return answer.json();
}

function home() {
  return `${location.origin}/`;
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function challenge(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
