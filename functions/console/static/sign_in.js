/**
 * Signing in by OpenID Connect: authorization code with PKCE (RFC 7636), discovery as OpenID Connect Discovery 1.0 has
 * it. Tokens are kept in this page's memory only. Reloading the page asks the issuer again, which answers at once for
 * whoever is still signed in there. No nonce is sent: the ID token is not used, and the verifier binds the code to this
 * page.
 */

import { button, element, openDialog } from "./elements.js";

const KEPT = "grantwire-sign-in";
const CHANNEL = new BroadcastChannel(KEPT);
const AGAIN = "again.";
const WINDOW = "popup,width=520,height=700";
const SPARE_MS = 60_000;
const SCOPES = "openid grantwire/read grantwire/write grantwire/test";

/**
 * The session of whoever is signed in; sends the browser to the issuer, and never resolves, when nobody is.
 * `settings`: issuer, client_id, audience (empty: none asked for). Throws with a sentence when the issuer refuses.
 */
export async function signedIn(settings) {
  if (!settings.client_id) {
    throw new Error("This deployment has an issuer of its own and no client there for the console: " +
      "set its parameter ConsoleClientId.");
  }
  const query = new URLSearchParams(location.search);
  if (query.get("state")?.startsWith(AGAIN)) return handOver(query);
  const issuer = new Issuer(settings, await discovered(settings.issuer));
  const begun = takeBegun(query);
  if (begun) return new Session(issuer, await issuer.tokensFor(query, begun.verifier));
  const { url, state, verifier } = await issuer.request();
  sessionStorage.setItem(KEPT, JSON.stringify({ state, verifier, hash: location.hash }));
  location.assign(url);
  return new Promise(() => {});
}

/** What this tab began with when the issuer sends the browser back; null when it began nothing, or something else. */
function takeBegun(query) {
  if (!query.has("state")) return null;
  const begun = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  sessionStorage.removeItem(KEPT);
  history.replaceState(null, "", `/${begun?.hash ?? ""}`);
  return begun?.state === query.get("state") ? begun : null;
}

/** In the window of a second sign-in: the page that opened it gets the issuer's answer, and alone has its verifier. */
function handOver(query) {
  history.replaceState(null, "", "/");
  CHANNEL.postMessage(`${query}`);
  document.getElementById("main").textContent = "You can close this window.";
  close();
  return new Promise(() => {});
}

class Session {
  constructor(issuer, tokens) {
    this.issuer = issuer;
    this.keep(tokens);
    this.accessToken = async () => (Date.now() < this.until ? this.token : this.renewed());
    this.signOut = () => this.end();
  }

  keep(tokens) {
    this.token = tokens.access_token;
    this.refreshToken = tokens.refresh_token ?? this.refreshToken;
    this.until = Date.now() + (tokens.expires_in ?? 3600) * 1000 - SPARE_MS;
  }

  /** The API does not take a token: whether there is another one now. */
  async refused(token) {
    return token !== this.token || Boolean(await this.renewed());
  }

  /** A new token; all who ask meanwhile wait for the same one. A form that is being filled in stays as it is. */
  renewed() {
    this.renewing ??= this.renew().finally(() => { this.renewing = null; });
    return this.renewing;
  }

  async renew() {
    const tokens = this.refreshToken && await this.issuer.refreshed(this.refreshToken);
    this.keep(tokens || await this.signedInAgain());
    return this.token;
  }

  async signedInAgain() {
    this.refreshToken = null;
    const { url, state, verifier } = await this.issuer.request(AGAIN);
    const answer = await askToSignIn(url, state);
    if (!answer) throw new Error("Your sign-in has ended. What you typed is still here: try again, and sign in.");
    return this.issuer.tokensFor(answer, verifier);
  }

  /** Forgets the tokens and signs out at the issuer, where it offers that. */
  end() {
    this.token = this.refreshToken = null;
    location.assign(this.issuer.goodbye());
  }
}

/** Asks to sign in in a second window. Resolves with the issuer's answer, undefined when the person would not. */
function askToSignIn(url, state) {
  let listen;
  return openDialog("Your sign-in has ended", (close) => {
    listen = ({ data }) => {
      const answer = new URLSearchParams(data);
      if (answer.get("state") === state) close(answer);
    };
    CHANNEL.addEventListener("message", listen);
    return element("div", {},
      element("p", {}, "Sign in again in a second window. What you typed here stays as it is."),
      element("p", { class: "actions" },
        button("Sign in", () => open(url, "_blank", WINDOW), { kind: "primary", autofocus: true }),
        button("Not now", () => close())));
  }).finally(() => CHANNEL.removeEventListener("message", listen));
}

class Issuer {
  constructor(settings, endpoints) {
    Object.assign(this, { settings, endpoints });
  }

  /** An authorization request: its `url`, and the `state` and `verifier` that are known here alone. */
  async request(mark = "") {
    const [state, verifier] = [`${mark}${random()}`, random()];
    const { client_id, audience } = this.settings;
    const query = new URLSearchParams({
      response_type: "code", client_id, redirect_uri: home(), state, scope: SCOPES,
      code_challenge: await challenge(verifier), code_challenge_method: "S256", ...(audience ? { audience } : {}),
    });
    return { url: `${this.endpoints.authorization_endpoint}?${query}`, state, verifier };
  }

  /** The tokens for an answer whose state was checked (`iss`: RFC 9207). */
  async tokensFor(answer, verifier) {
    if (answer.has("error")) {
      throw new Error(`You could not be signed in: ${answer.get("error_description") ?? answer.get("error")}.`);
    }
    if (answer.has("iss") && answer.get("iss") !== this.settings.issuer) {
      throw new Error("You could not be signed in: another issuer has answered.");
    }
    const tokens = await this.exchange({
      grant_type: "authorization_code", code: answer.get("code"), code_verifier: verifier, redirect_uri: home(),
    });
    if (!tokens) throw new Error("The issuer did not give a token. Reload the page to sign in again.");
    return tokens;
  }

  /** The tokens for a refresh token; null when it is not good any more. */
  refreshed(token) {
    return this.exchange({ grant_type: "refresh_token", refresh_token: token });
  }

  /** Null when the issuer refuses; throws when it cannot be reached, since trying again may help. */
  async exchange(fields) {
    const body = new URLSearchParams({ client_id: this.settings.client_id, ...fields });
    const answer = await fetch(this.endpoints.token_endpoint, { method: "POST", body }).catch(() => null);
    if (!answer || answer.status >= 500) throw new Error("The issuer cannot be reached for a new token. Try again.");
    return answer.ok ? answer.json() : null;
  }

  /** RP-Initiated Logout 1.0, and the name that Cognito has for the same. */
  goodbye() {
    const { end_session_endpoint: ending } = this.endpoints;
    const query = new URLSearchParams({
      client_id: this.settings.client_id, logout_uri: home(), post_logout_redirect_uri: home(),
    });
    return ending ? `${ending}?${query}` : this.settings.issuer;
  }
}

/** The issuer's own description, which must be of the issuer that was asked (OpenID Connect Discovery 1.0, 4.3). */
async function discovered(issuer) {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const answer = await fetch(url, { cache: "no-store" }).catch(() => null);
  const found = answer?.ok ? await answer.json() : null;
  if (!found) throw new Error(`The issuer ${issuer} cannot be reached to sign you in. Reload the page to try again.`);
  if (found.issuer !== issuer) throw new Error(`${url} describes another issuer: ${found.issuer}.`);
  return found;
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
