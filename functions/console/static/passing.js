/** What one page hands to the next: an answer that is given once, such as a signing secret, is in no other place. */

let kept = null;

/** The next page that asks gets it. */
export function keepForNextPage(saved) {
  kept = saved;
}

/** What was kept for the webhook with this id, once; null when it was another's or nothing. */
export function takeKept(id) {
  const found = kept?.id === id ? kept : null;
  kept = null;
  return found;
}
