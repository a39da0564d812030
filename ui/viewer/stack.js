/* A series: one picture at a time, fetched when it is asked for and kept, with marks on it.
 *
 * Python is told what is looked at (`view`) and what was marked (`marks`), and answers with one packed
 * picture. While an answer is on its way no other is asked for; the latest wish is sent when it comes. */

const KEPT = 96;
const FRAMES_A_SECOND = 12;
const PATIENCE_MS = 4000;
const POINTS = { point: 1, length: 2, angle: 3, area: 64 };
const mounted = new WeakMap();

function parts(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const length = view.getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  return [head, data.slice(4 + length)];
}

/* Grey levels or colours from their differences to the left. */
async function painted([rows, columns, channels], bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const steps = new Uint8Array(await new Response(stream).arrayBuffer());
  const canvas = surface(rows, columns);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(columns, rows);
  const out = pixels.data;
  for (let row = 0, from = 0, to = 0; row < rows; row++) {
    let level = 0;
    for (let column = 0; column < columns; column++, to += 4) {
      for (let c = 0; c < channels; c++) out[to + c] = level = (level + steps[from++]) & 255;
      if (channels === 1) out[to + 1] = out[to + 2] = level;
      out[to + 3] = 255;
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

const plain = (marks) => JSON.stringify(marks.map(({ kind, plane, number, points }) => [kind, plane, number, points]));
const same = (some, others) => plain(some) === plain(others);
const nameOf = ({ plane, number, preset }) => `${plane}:${number}:${preset}`;

class Stack {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.pane = this.find(".pane");
    this.canvas = this.pane.querySelector("canvas");
    this.pictures = new Map();
    this.pointers = new Map();
    this.listen();
    this.resizes = new ResizeObserver(() => this.draw());
    this.resizes.observe(this.pane);
  }

  show(head, bytes, send) {
    this.send = send;
    if (this.id !== head.id) {
      this.id = head.id;
      this.pictures.clear();
      this.view = { plane: head.plane, number: head.number, preset: head.preset };
      Object.assign(this, { scale: 1, x: 0.5, y: 0.5, tool: "move", points: [], cursor: null, marks: head.marks, asked: null, last: null });
      this.play(false);
    }
    if (this.stamp !== head.stamp) this.pictures.clear();
    Object.assign(this, { stamp: head.stamp, head });
    if (this.asked === nameOf(head)) this.asked = null;
    // An answer that was on its way when something was marked must not undo it.
    if (same(this.marks, head.marks)) this.marks = head.marks;
    this.label();
    this.keep(head, bytes).catch((error) => console.error(error));
  }

  async keep(head, bytes) {
    const jpeg = head.packing === "jpeg";
    const bitmap = jpeg ? await createImageBitmap(new Blob([bytes])) : await painted(head.shape, bytes);
    const overlay = head.overlay ? line(head.overlay.shape, new Uint8Array(await unpack(head.overlay.data))) : null;
    if (this.id !== head.id || this.stamp !== head.stamp) return;
    const name = nameOf(head);
    this.pictures.delete(name);
    this.pictures.set(name, { head, bitmap, overlay });
    if (this.pictures.size > KEPT) this.pictures.delete(this.pictures.keys().next().value);
    this.draw();
    if (name === nameOf(this.view)) this.root.dataset.ready = `${head.id}:${name}`;
    else this.ask();
  }

  /* Look at something else: at once where it is kept, and in any case Python is told. */
  want(change) {
    Object.assign(this.view, change);
    const count = this.plane().count;
    this.view.number = Math.min(count - 1, Math.max(0, this.view.number));
    if (change.plane) Object.assign(this, { scale: 1, x: 0.5, y: 0.5, points: [] });
    if (change.number !== undefined) this.points = [];
    this.label();
    this.draw();
    if (this.pictures.has(nameOf(this.view))) this.root.dataset.ready = `${this.id}:${nameOf(this.view)}`;
    this.ask();
  }

  ask() {
    if (this.asked && performance.now() - this.askedAt < PATIENCE_MS) return;
    this.asked = nameOf(this.view);
    this.askedAt = performance.now();
    this.send("view", { ...this.view });
  }

  plane() {
    return this.head.planes.find((plane) => plane.name === this.view.plane) ?? this.head.planes[0];
  }

  current() {
    return this.pictures.get(nameOf(this.view)) ?? this.last;
  }

  label() {
    const { head, view } = this;
    const words = head.words;
    this.root.setAttribute("aria-label", words.viewer);
    this.root.querySelectorAll("[data-word]").forEach((e) => (e.textContent = words[e.dataset.word]));
    for (const [selector, word] of [[".in", "zoom_in"], [".out", "zoom_out"], [".zoom", "zoom"], [".windows", "window"], [".planes", "plane"], [".tools", "tool"], [".number", "slice"]]) {
      this.find(selector).setAttribute("aria-label", words[word]);
    }
    this.buttons(".planes", head.planes.length > 1 ? head.planes : [], (p) => p.name === view.plane, (p) =>
      this.want({ plane: p.name, number: p.name === view.plane ? view.number : p.middle }));
    this.buttons(".windows", head.presets, (p) => p.number === view.preset, (p) => this.want({ preset: p.number }));
    this.buttons(".tools", head.tools, (t) => t.name === this.tool, (t) => this.take(t.name));
    const slider = this.find(".number");
    slider.max = this.plane().count - 1;
    slider.value = view.number;
    this.find(".at").textContent = words.of.replace("{i}", view.number + 1).replace("{n}", this.plane().count);
    slider.setAttribute("aria-valuetext", this.find(".at").textContent);
    this.find(".play").textContent = this.timer ? words.stop : words.play;
    this.find(".play").setAttribute("aria-pressed", !!this.timer);
    this.find(".hint").textContent = this.tool === "move" ? words.hint : words[`hint_${this.tool}`];
    this.find(".remove").hidden = !this.marks.length;
    this.pane.classList.toggle("marking", this.tool !== "move");
    this.pane.setAttribute("aria-label", words.picture);
    this.drawStrip();
  }

  buttons(selector, items, pressed, act) {
    const made = items.map((item) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = item.label;
      button.setAttribute("aria-pressed", pressed(item));
      button.onclick = () => act(item);
      return button;
    });
    const group = this.find(selector);
    const had = [...group.children].indexOf(group.getRootNode().activeElement);
    group.replaceChildren(...made);
    if (had >= 0) group.children[had]?.focus({ preventScroll: true });
  }

  take(tool) {
    Object.assign(this, { tool, points: [], cursor: null });
    this.label();
    this.draw();
    this.pane.focus({ preventScroll: true });
  }

  /* Where the picture lies in the pane: CSS pixels a pixel of the whole picture, and the corner. */
  place() {
    const { rows, columns, aspect } = this.plane();
    const fit = Math.min(this.pane.clientWidth / columns, this.pane.clientHeight / (rows * aspect));
    const sx = fit * this.scale;
    const sy = sx * aspect;
    return {
      sx, sy,
      left: this.pane.clientWidth / 2 - this.x * columns * sx,
      top: this.pane.clientHeight / 2 - this.y * rows * sy,
    };
  }

  draw() {
    if (!this.view || !this.pane.clientWidth) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.pane.clientWidth * ratio;
    this.canvas.height = this.pane.clientHeight * ratio;
    const shown = this.current();
    if (!shown) return;
    this.last = shown;
    this.pane.classList.toggle("waiting", !this.pictures.has(nameOf(this.view)));
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const at = this.place();
    const { rows, columns } = this.plane();
    if (shown.head.plane === this.view.plane) this.drawPicture(context, shown, at, columns * at.sx, rows * at.sy);
    this.drawMarks(context, at);
    this.drawSides(context);
    const { mm } = this.plane();
    if (mm) drawRuler(context, { ...shown.head, shape: [rows, columns], full: [rows, columns], mm }, this.pane, at.sx);
    this.find(".scale").textContent = `${Math.round(100 * this.scale)} %`;
    this.find(".corner").textContent = shown === this.pictures.get(nameOf(this.view)) ? shown.head.corner : "";
    this.find(".absent").hidden = !shown.head.absent;
    this.find(".absent").textContent = shown.head.absent;
    this.find(".picture").textContent = shown.head.packing === "exact" ? "" : shown.head.words.lossy;
    this.find(".shown").hidden = !shown.head.overlaid;
    this.canvas.setAttribute("aria-label", shown.head.alt);
  }

  drawPicture(context, shown, { sx, left, top }, width, height) {
    context.imageSmoothingEnabled = sx < 3;
    context.imageSmoothingQuality = "high";
    context.drawImage(shown.bitmap, left, top, width, height);
    if (!shown.overlay || !this.find(".overlay").checked) return;
    context.imageSmoothingEnabled = false;
    context.drawImage(shown.overlay, left, top, width, height);
  }

  /* Which side of the patient is where. */
  drawSides(context) {
    const [width, height] = [this.pane.clientWidth, this.pane.clientHeight];
    const places = [[12, height / 2], [width - 12, height / 2], [width / 2, 16], [width / 2, height - 12]];
    context.font = "600 14px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    [...this.plane().sides].forEach((letter, i) => {
      context.lineWidth = 3;
      context.strokeStyle = "#000";
      context.strokeText(letter, ...places[i]);
      context.fillStyle = "#fff";
      context.fillText(letter, ...places[i]);
    });
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
  }

  drawMarks(context, at) {
    const here = this.marks.filter((m) => m.plane === this.view.plane && m.number === this.view.number);
    here.forEach((mark) => this.drawMark(context, at, mark.points, mark.label, mark.kind === "area"));
    if (this.points.length) this.drawMark(context, at, this.points, "", false);
    if (this.cursor) this.drawMark(context, at, [this.cursor], "", false);
  }

  drawMark(context, { sx, sy, left, top }, points, label, closed) {
    const places = points.map(([row, column]) => [left + (column + 0.5) * sx, top + (row + 0.5) * sy]);
    for (const [width, colour] of [[4, "#000"], [2, "#fee838"]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      places.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (closed) context.closePath();
      places.forEach(([x, y]) => {
        context.moveTo(x - 6, y);
        context.lineTo(x + 6, y);
        context.moveTo(x, y - 6);
        context.lineTo(x, y + 6);
      });
      context.stroke();
    }
    if (!label) return;
    const [x, y] = places[places.length - 1];
    context.font = "600 13px sans-serif";
    context.lineWidth = 4;
    context.strokeStyle = "#000";
    context.strokeText(label, x + 9, y - 7);
    context.fillStyle = "#fee838";
    context.fillText(label, x + 9, y - 7);
  }

  /* One bar a slice as high as its probability; a refused slice is a short grey one with a gap above. */
  drawStrip() {
    const strip = this.find(".strip");
    const told = this.head.strip;
    strip.hidden = !told || this.view.plane !== this.head.planes[0].name;
    if (strip.hidden) return;
    strip.setAttribute("aria-label", told.alt);
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [strip.clientWidth, strip.clientHeight];
    strip.width = width * ratio;
    strip.height = height * ratio;
    const context = strip.getContext("2d");
    context.scale(ratio, ratio);
    const each = width / told.values.length;
    told.values.forEach((value, i) => {
      context.fillStyle = value === null ? "#888888" : "#3b8fc9";
      const tall = value === null ? 3 : Math.max(2, value * (height - 6));
      context.fillRect(i * each, height - tall, Math.max(1, each - (each > 3 ? 1 : 0)), tall);
    });
    context.fillStyle = getComputedStyle(this.root).color;
    context.fillRect((this.view.number + 0.5) * each - 1, 0, 2, height);
  }

  zoom(factor, at = [this.pane.clientWidth / 2, this.pane.clientHeight / 2]) {
    const before = this.place();
    this.scale = Math.min(20, Math.max(1, this.scale * factor));
    const after = this.place();
    const { rows, columns } = this.plane();
    this.x += ((at[0] - before.left) / before.sx - (at[0] - after.left) / after.sx) / columns;
    this.y += ((at[1] - before.top) / before.sy - (at[1] - after.top) / after.sy) / rows;
    this.move(0, 0);
  }

  move(dx, dy) {
    const { sx, sy } = this.place();
    const { rows, columns } = this.plane();
    const clamp = (value) => (this.scale === 1 ? 0.5 : Math.min(1, Math.max(0, value)));
    this.x = clamp(this.x - dx / sx / columns);
    this.y = clamp(this.y - dy / sy / rows);
    this.draw();
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.advance(), 1000 / FRAMES_A_SECOND) : null;
    if (this.head) this.label();
  }

  advance() {
    if (!this.pictures.has(nameOf(this.view))) return;
    this.want({ number: (this.view.number + 1) % this.plane().count });
  }

  /* Where in the picture a pointer is; whole numbers are the middles of pixels. */
  at(event) {
    const frame = this.pane.getBoundingClientRect();
    const { sx, sy, left, top } = this.place();
    const { rows, columns } = this.plane();
    const row = (event.clientY - frame.top - top) / sy - 0.5;
    const column = (event.clientX - frame.left - left) / sx - 0.5;
    const inside = row >= -0.5 && column >= -0.5 && row < rows - 0.5 && column < columns - 0.5;
    return inside ? [Math.round(row * 10) / 10, Math.round(column * 10) / 10] : null;
  }

  /* Only on the picture that is seen, never on one that is still on its way. */
  mark(point) {
    if (!point || !this.pictures.has(nameOf(this.view))) return;
    this.points.push(point);
    if (this.points.length >= POINTS[this.tool]) this.finish();
    this.draw();
  }

  finish() {
    const least = this.tool === "area" ? 3 : POINTS[this.tool];
    if (this.points.length < least) return;
    const made = { kind: this.tool, plane: this.view.plane, number: this.view.number, points: this.points, label: "" };
    this.tell([...this.marks, made].slice(-40));
    this.points = [];
  }

  tell(marks) {
    this.marks = marks;
    this.send("marks", marks.map(({ kind, plane, number, points }) => ({ kind, plane, number, points })));
    this.label();
    this.draw();
  }

  listen() {
    this.find(".in").onclick = () => this.zoom(1.4);
    this.find(".out").onclick = () => this.zoom(1 / 1.4);
    this.find(".fit").onclick = () => this.zoom(0);
    this.find(".play").onclick = () => this.play(!this.timer);
    this.find(".overlay").onchange = () => this.draw();
    this.find(".remove").onclick = () => this.tell([]);
    this.find(".number").oninput = (event) => this.want({ number: Number(event.target.value) });
    this.find(".strip").onclick = (event) => {
      const share = event.offsetX / event.target.clientWidth;
      this.want({ number: Math.floor(share * this.plane().count) });
    };
    this.pane.onkeydown = (event) => this.key(event);
    this.pane.onpointerdown = (event) => this.press(event);
    this.pane.onpointermove = (event) => this.drag(event);
    this.pane.onpointerup = this.pane.onpointercancel = (event) => this.pointers.delete(event.pointerId);
    this.pane.ondblclick = () => this.tool === "area" && this.finish();
    this.pane.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  /* The wheel scrolls the page until the picture has been clicked; then it turns slices, with Ctrl it zooms. */
  wheel(event) {
    if (!this.view || !(event.ctrlKey || this.pane.matches(":focus"))) return;
    event.preventDefault();
    const frame = this.pane.getBoundingClientRect();
    if (event.ctrlKey) this.zoom(Math.exp(-event.deltaY / 400), [event.clientX - frame.left, event.clientY - frame.top]);
    else this.want({ number: this.view.number + Math.sign(event.deltaY) });
  }

  press(event) {
    if (!this.view) return;
    this.pane.focus({ preventScroll: true });
    if (this.tool !== "move") {
      if (event.detail < 2) this.mark(this.at(event));
      return;
    }
    this.pane.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  drag(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.move(event.clientX - last[0], event.clientY - last[1]);
  }

  key(event) {
    if (!this.view) return;
    const count = this.plane().count;
    const turn = { PageUp: -10, PageDown: 10, Home: -count, End: count };
    const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (turn[event.key]) this.want({ number: this.view.number + turn[event.key] });
    else if (event.key === "+" || event.key === "=") this.zoom(1.4);
    else if (event.key === "-") this.zoom(1 / 1.4);
    else if (event.key === "0") this.zoom(0);
    else if (this.tool !== "move" && this.markKey(event, arrows[event.key])) this.draw();
    else if (this.tool === "move" && arrows[event.key]) this.want({ number: this.view.number + arrows[event.key][0] + arrows[event.key][1] });
    else return;
    event.preventDefault();
  }

  /* Marking without a pointer: arrows move a cross, Enter sets a point, Backspace takes the last one back. */
  markKey(event, arrow) {
    const { rows, columns } = this.plane();
    if (arrow) {
      const [row, column] = this.cursor ?? [Math.round(rows / 2), Math.round(columns / 2)];
      const step = event.shiftKey ? 10 : 1;
      const fix = (value, most) => Math.min(most - 1, Math.max(0, value));
      this.cursor = [fix(row + arrow[0] * step, rows), fix(column + arrow[1] * step, columns)];
    } else if (event.key === "Enter") {
      const again = this.cursor && this.points.some((p) => p[0] === this.cursor[0] && p[1] === this.cursor[1]);
      if (again) this.finish();
      else if (this.cursor) this.mark([...this.cursor]);
    } else if (event.key === "Backspace") this.points.pop();
    else if (event.key === "Escape") this.take("move");
    else return false;
    return true;
  }
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".viewer");
  let stack = mounted.get(root);
  if (!stack) {
    stack = new Stack(root);
    mounted.set(root, stack);
  }
  stack.show(...parts(data), setStateValue);
  return () => {
    stack.play(false);
    stack.resizes.disconnect();
    mounted.delete(root);
  };
}
