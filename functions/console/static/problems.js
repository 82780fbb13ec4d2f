/** What the API refuses stands at its field, by the path that the API names. */

import { element } from "./elements.js";
import { INPUT } from "./fields.js";
import { isPlaced } from "./template_editor.js";

/** Puts each problem at its field in `form` and gives those back that have none; `fields`: as they were when sent. */
export function showProblems(form, problems, fields = fieldsOf(form)) {
  clearProblems(form);
  const homeless = [];
  for (const problem of problems) {
    const field = fieldOf(fields, problem.path);
    if (field?.isConnected) mark(field, problem); else homeless.push(problem);
  }
  return homeless;
}

/** The first field with a problem gets the focus. */
export function focusProblem(form) {
  inputOf(form.querySelector(".field.wrong"))?.focus();
}

/** The fields of a form by their paths: a row that goes, or comes, gives others to those that follow. */
export function fieldsOf(form) {
  return new Map([...form.querySelectorAll(".field")].map((one) => [pathOf(one), one]));
}

/** Takes all problems away. */
export function clearProblems(form) {
  for (const field of form.querySelectorAll(".field.wrong")) clearProblem(field);
}

/** Takes a field's problem away, as soon as somebody works at it. */
export function clearProblem(field) {
  field.classList.remove("wrong");
  errorOf(field).replaceChildren();
  const input = inputOf(field);
  input.removeAttribute("aria-invalid");
  describe(input);
}

/** A problem as a sentence. */
export function sentence({ rule }) {
  const whole = /^(must|is|needs|has|holds|ends|begins)\b/.test(rule) ? `It ${rule}` : rule;
  return `${whole[0].toUpperCase()}${whole.slice(1)}${/[.)}\]]$/.test(whole) ? "" : "."}`;
}

/** The path of a field as the API names it: `headers[0].value`. */
export function pathOf(field) {
  const row = field.closest(".row");
  if (!row) return field.dataset.key;
  const list = row.parentElement;
  const index = [...list.children].filter((one) => one === row || !one.made || one.made.read() !== null).indexOf(row);
  return `${list.dataset.list}[${index}].${field.dataset.key}`;
}

function fieldOf(fields, path) {
  if (fields.has(path)) return fields.get(path);
  const around = (one) => path.startsWith(`${one}[`) || path.startsWith(`${one}.`) || one.startsWith(`${path}.`);
  return fields.get([...fields.keys()].find(around));
}

/** A problem with a place in a template stands below the editor already, with a button that leads there. */
function mark(field, problem) {
  field.classList.add("wrong");
  const places = field.querySelector(".places");
  if (!places || !isPlaced(problem.rule)) errorOf(field).append(element("span", {}, sentence(problem)));
  const input = inputOf(field);
  input.setAttribute("aria-invalid", "true");
  describe(input, places?.id);
}

/** A screen reader reads the hint and, when there is one, the problem. */
function describe(input, ...more) {
  const known = [`${input.id}-hint`, `${input.id}-problem`, ...more];
  const ids = known.filter((id) => document.getElementById(id)?.textContent);
  if (ids.length) input.setAttribute("aria-describedby", ids.join(" ")); else input.removeAttribute("aria-describedby");
}

function errorOf(field) {
  return field.querySelector(":scope > .error");
}

function inputOf(field) {
  return field?.querySelector(INPUT);
}
