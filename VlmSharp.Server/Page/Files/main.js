// The page: its task, its picture, one lane or two, and what the address says of them.
import { key, models, setKey } from "./api.js";
import { byId } from "./dom.js";
import { showExplanation } from "./explain.js";
import { History } from "./history.js";
import { Lane } from "./lane.js";
import { Pictures } from "./pictures.js";

let picture = null, run = 0, names = [];
const radios = [...document.querySelectorAll('input[name="task"]')];
const compare = byId("compare");

const page = {
  task: () => radios.find(radio => radio.checked).value,
  isTwo: () => compare.checked,
  picture: () => picture,
  key: askForKey,
  changed: writeAddress,
  started() { if (!lanes.some(lane => lane.isRunning)) run++; }, // lanes that run at once are one entry of the history
  finished() {
    history_.add({ run, picture, task: page.task(), compare: compare.checked, lanes: lanes.map(({ values, response }) => ({ values, response })) });
  },
  explain: response => showExplanation(response, picture),
};

let lanes = [];
const history_ = new History(comeBack, shown => shown === picture);
const pictures = new Pictures(taken => {
  const before = picture;
  picture = taken;
  for (const button of document.querySelectorAll("[data-sample]")) button.setAttribute("aria-pressed", button.dataset.sample === taken.sample?.id);
  for (const lane of lanes) lane.setPicture();
  if (before) history_.release(before);
  writeAddress();
});

function setLanes(two) {
  while (lanes.length > (two ? 2 : 1)) {
    const lane = lanes.pop();
    lane.cancel();
    lane.root.remove();
  }
  while (lanes.length < (two ? 2 : 1)) {
    const lane = new Lane("AB"[lanes.length], page);
    lane.setModels(names);
    if (picture) lane.setPicture();
    if (lanes.length) lane.values = { ...lanes[0].values, model: names.find(name => name !== lanes[0].values.model) };
    lanes.push(lane);
    byId("lanes").append(lane.root);
  }
  byId("lanes").classList.toggle("two", two);
  compare.checked = two;
  byId("run-both").hidden = !two;
}

function setTask(task) {
  (radios.find(radio => radio.value === task) ?? radios[0]).checked = true;
  for (const lane of lanes) lane.setTask();
}

/** Shows an earlier question with its answer, without asking again. */
function comeBack(entry) {
  setTask(entry.task);
  setLanes(entry.compare);
  picture = entry.picture;
  lanes.forEach((lane, i) => {
    lane.setPicture();
    lane.restore(entry.lanes[i].values, entry.lanes[i].response);
  });
  writeAddress();
  byId("lanes").scrollIntoView({ block: "start" });
  byId("lanes").focus({ preventScroll: true });
}

function runAll() {
  for (const lane of lanes) lane.run();
}

// The address says what is asked, so that it can be kept or sent to somebody. Pictures of the user's own are not in it.
function writeAddress() {
  const state = new URLSearchParams({ task: page.task() });
  if (picture?.sample) state.set("sample", picture.sample.id);
  lanes.forEach((lane, i) => Object.entries(lane.values).forEach(([name, value]) => state.set(i ? `${name}2` : name, value)));
  if (compare.checked) state.set("compare", "1");
  history.replaceState(null, "", `#${state}`);
}

async function readAddress() {
  const state = new URLSearchParams(location.hash.slice(1));
  const valuesOf = end => Object.fromEntries([...state].filter(([name]) => name.endsWith("2") === (end === "2")).map(([name, value]) => [end ? name.slice(0, -1) : name, value]));
  setLanes(state.get("compare") === "1");
  setTask(state.get("task"));
  lanes.forEach((lane, i) => { lane.values = valuesOf(i ? "2" : ""); });
  if (state.get("sample")) await pictures.useSample(state.get("sample"));
}

let waiting = null; // all who want a key wait for the same one
function askForKey(signal) {
  byId("key-wrong").textContent = key() ? "The server does not know this key." : "";
  byId("key-form").hidden = false;
  byId("key").focus();
  waiting ??= Promise.withResolvers();
  return new Promise((resolve, reject) => {
    waiting.promise.then(resolve);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}

byId("key-form").addEventListener("submit", event => {
  event.preventDefault();
  setKey(byId("key").value);
  byId("key").value = "";
  byId("key-form").hidden = true;
  const all = waiting;
  waiting = null;
  all?.resolve();
});

async function findModels() {
  for (;;) {
    try {
      names = await models();
      break;
    } catch (error) {
      if (error.status === 401) await askForKey();
      else if (error.isBusy) await new Promise(later => setTimeout(later, 1000 * (error.retryAfter ?? 2))); // the model is being loaded
      else return; // the first run says what is wrong
    }
  }
  for (const lane of lanes) lane.setModels(names);
  const only = byId("model-name");
  only.textContent = names.length === 1 ? names[0] : "";
  only.hidden = names.length !== 1;
}

for (const radio of radios) radio.addEventListener("change", () => { setTask(radio.value); writeAddress(); });
byId("run-both").addEventListener("click", runAll);
compare.addEventListener("change", () => { setLanes(compare.checked); writeAddress(); });
addEventListener("keydown", event => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) for (const lane of lanes) lane.cancel();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) runAll();
});
addEventListener("hashchange", () => location.hash.includes("=") ? readAddress() : writeAddress()); // a link within the page leaves all as it is

await readAddress();
await findModels();
