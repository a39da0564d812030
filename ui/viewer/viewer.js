/* Original and evidence in two panes that share one view: zoom, pan, window and box.
 *
 * Everything that belongs to a scan lives in `view`, which is made anew when `data.id` changes; what
 * was decoded for an earlier scan is thrown away when it arrives late. */

const ZOOM_MAX = 20;
const mounted = new WeakMap();

class Viewer {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.panes = [...root.querySelectorAll(".pane")];
    this.pointers = new Map();
    this.view = null;
    this.listen();
    this.resizes = new ResizeObserver(() => this.draw());
    this.panes.forEach((pane) => this.resizes.observe(pane));
  }

  /* New data from Python: another scan, or another answer to the same one. */
  show(data, send) {
    this.send = send;
    if (this.view?.data.id !== data.id) {
      this.view = { data, scale: 1, x: 0.5, y: 0.5, preset: 0, box: null, drawing: false };
      this.draw();
    }
    const view = this.view;
    const same = view.picture && view.data.display === data.display;
    view.data = data;
    view.chosen = data.evidence?.chosen ?? 0;
    this.label();
    this.decode(view, same);
  }

  async decode(view, same) {
    const { data } = view;
    const maps = data.evidence?.maps ?? [];
    const tints = await Promise.all(
      maps.map(async (map) => tint(map, new Uint8Array(await unpack(map.data)), data.evidence.colours)),
    );
    if (data.outline) tints.push(line(data.outline.shape, new Uint8Array(await unpack(data.outline.data))));
    if (!same) {
      const display = new Uint8Array(await unpack(data.display));
      const values = data.values ? new Uint16Array(await unpack(data.values.data)) : null;
      Object.assign(view, { display, values });
    }
    if (this.view !== view || view.data !== data) return;
    view.tints = tints;
    view.picture = same ? view.picture : paint(view, data.presets[view.preset]);
    this.root.dataset.ready = data.id;
    this.draw();
  }

  label() {
    const { data } = this.view;
    const words = data.words;
    this.root.setAttribute("aria-label", words.viewer);
    this.root.classList.toggle("plain", !data.evidence && !data.outline);
    this.root.classList.toggle("outlined", !!data.outline);
    this.root.querySelectorAll("[data-word]").forEach((e) => (e.textContent = words[e.dataset.word]));
    for (const [selector, word] of [[".in", "zoom_in"], [".out", "zoom_out"], [".zoom", "zoom"], [".windows", "window"]]) {
      this.find(selector).setAttribute("aria-label", words[word]);
    }
    this.find(".box").hidden = !data.draw;
    this.find(".box").setAttribute("aria-label", words.draw);
    this.find(".clear").hidden = !data.drawn;
    this.find(".region").textContent = data.region?.label ?? "";
    this.labelEvidence();
    this.labelWindows();
    this.mode(false);
  }

  labelEvidence() {
    const { data, chosen } = this.view;
    const maps = data.evidence?.maps ?? [];
    const select = this.find(".finding");
    select.replaceChildren(...maps.map((map, i) => new Option(map.label, i, false, i === chosen)));
    const outlined = data.outline ? `${data.words.outline}: ${data.outline.label}` : "";
    const title = maps.length ? `${data.words.evidence_for}: ${maps[chosen].label}` : outlined;
    this.find(".outlined-what").textContent = outlined;
    const alts = [`${data.words.original}. ${data.alt}`, `${title}. ${data.alt}`];
    this.panes.forEach((pane, i) => {
      pane.setAttribute("aria-label", i ? (outlined ? data.words.outline : data.words.evidence) : data.words.original);
      pane.firstElementChild.setAttribute("aria-label", alts[i]);
    });
    const ramp = this.find(".ramp");
    ramp.style.background = `linear-gradient(to right, ${(data.evidence?.colours ?? []).join(",")})`;
    this.find(".ramped").setAttribute("aria-label", `${data.words.less} – ${data.words.more}`);
    this.find(".legend.outline-only").setAttribute("aria-label", `${data.words.edge}, ${data.words.doubtful}`);
  }

  labelWindows() {
    const view = this.view;
    const buttons = view.data.presets.map((preset, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = preset.label;
      button.setAttribute("aria-pressed", i === view.preset);
      button.onclick = () => {
        view.preset = i;
        view.picture = paint(view, preset);
        [...this.find(".windows").children].forEach((b, j) => b.setAttribute("aria-pressed", j === i));
        this.draw();
      };
      return button;
    });
    this.find(".windows").replaceChildren(...buttons);
  }

  /* Where the image lies in a pane of this size: CSS pixels a displayed pixel, and the corner. */
  place(pane) {
    const { data, scale, x, y } = this.view;
    const [height, width] = data.shape;
    const fit = Math.min(pane.clientWidth / width, pane.clientHeight / (height * data.aspect));
    const sx = fit * scale;
    const sy = sx * data.aspect;
    return { sx, sy, left: pane.clientWidth / 2 - x * width * sx, top: pane.clientHeight / 2 - y * height * sy };
  }

  draw() {
    this.panes.forEach((pane, i) => this.drawPane(pane, i === 1));
    if (!this.view) return;
    this.find(".scale").textContent = `${Math.round(100 * this.view.scale)} %`;
    this.panes.forEach((pane) => pane.classList.toggle("zoomed", this.view.scale > 1));
  }

  drawPane(pane, evidence) {
    const canvas = pane.firstElementChild;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = pane.clientWidth * ratio;
    canvas.height = pane.clientHeight * ratio;
    const { view } = this;
    if (!view?.picture || !canvas.width) return;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const { sx, sy, left, top } = this.place(pane);
    const size = [view.data.shape[1] * sx, view.data.shape[0] * sy];
    context.imageSmoothingEnabled = sx < 3;
    context.imageSmoothingQuality = "high";
    context.drawImage(view.picture, left, top, ...size);
    const layer = view.tints?.[view.chosen];
    if (evidence && layer) {
      context.imageSmoothingEnabled = !view.data.outline;
      context.globalAlpha = view.data.outline ? 1 : this.find(".opacity").value / 100;
      context.drawImage(layer, left, top, ...size);
      context.globalAlpha = 1;
    }
    drawBox(context, view, { sx, sy, left, top });
    drawRuler(context, view.data, pane, sx);
  }

  /* Zoom about a place of the pane, so that what is under the pointer stays there. */
  zoom(factor, pane = this.panes[0], at = null) {
    const view = this.view;
    if (!view) return;
    const before = this.place(pane);
    const [px, py] = at ?? [pane.clientWidth / 2, pane.clientHeight / 2];
    view.scale = Math.min(ZOOM_MAX, Math.max(1, view.scale * factor));
    const after = this.place(pane);
    const [height, width] = view.data.shape;
    view.x += ((px - before.left) / before.sx - (px - after.left) / after.sx) / width;
    view.y += ((py - before.top) / before.sy - (py - after.top) / after.sy) / height;
    this.move(0, 0, pane);
  }

  move(dx, dy, pane = this.panes[0]) {
    const view = this.view;
    const { sx, sy } = this.place(pane);
    const [height, width] = view.data.shape;
    const clamp = (value) => (view.scale === 1 ? 0.5 : Math.min(1, Math.max(0, value)));
    view.x = clamp(view.x - dx / sx / width);
    view.y = clamp(view.y - dy / sy / height);
    this.draw();
  }

  mode(drawing) {
    const view = this.view;
    view.drawing = drawing;
    if (drawing && !view.box) {
      const [height, width] = view.data.full;
      view.box = view.data.region?.box ?? [height / 4, width / 4, (3 * height) / 4, (3 * width) / 4];
      view.box = view.box.map(Math.round);
    }
    this.find(".draw").setAttribute("aria-pressed", drawing);
    this.find(".apply").hidden = !drawing;
    this.find(".hint").textContent = drawing ? view.data.words.draw_hint : view.data.words.hint;
    this.panes.forEach((pane) => pane.classList.toggle("drawing", drawing));
    this.draw();
  }

  /* A box within the image and at least 2 pixels a side. */
  setBox(top, left, bottom, right) {
    const [height, width] = this.view.data.full;
    const fix = (value, most) => Math.round(Math.min(most, Math.max(0, value)));
    const [t, b] = [fix(Math.min(top, bottom), height - 2), fix(Math.max(top, bottom), height)];
    const [l, r] = [fix(Math.min(left, right), width - 2), fix(Math.max(left, right), width)];
    this.view.box = [t, l, Math.max(b, t + 2), Math.max(r, l + 2)];
    this.draw();
  }

  /* Where in the whole image a pointer is. */
  at(pane, event) {
    const { data } = this.view;
    const frame = pane.getBoundingClientRect();
    const { sx, sy, left, top } = this.place(pane);
    const k = data.full[0] / data.shape[0];
    return [((event.clientY - frame.top - top) / sy) * k, ((event.clientX - frame.left - left) / sx) * k];
  }

  listen() {
    this.find(".opacity").oninput = () => this.draw();
    this.find(".finding").onchange = (event) => {
      this.view.chosen = Number(event.target.value);
      this.labelEvidence();
      this.draw();
    };
    this.find(".in").onclick = () => this.zoom(1.4);
    this.find(".out").onclick = () => this.zoom(1 / 1.4);
    this.find(".fit").onclick = () => this.zoom(0);
    this.find(".draw").onclick = () => this.mode(!this.view.drawing);
    this.find(".apply").onclick = () => this.send("region", this.view.box);
    this.find(".clear").onclick = () => this.send("region", null);
    this.panes.forEach((pane) => this.listenPane(pane));
  }

  listenPane(pane) {
    pane.onkeydown = (event) => this.key(pane, event);
    pane.onpointerdown = (event) => this.press(pane, event);
    pane.onpointermove = (event) => this.drag(pane, event);
    pane.onpointerup = pane.onpointercancel = (event) => this.pointers.delete(event.pointerId);
    pane.addEventListener("wheel", (event) => this.wheel(pane, event), { passive: false });
  }

  /* The wheel scrolls the page until an image has been clicked or Ctrl is held. */
  wheel(pane, event) {
    if (!this.view || !(event.ctrlKey || pane.matches(":focus"))) return;
    event.preventDefault();
    const frame = pane.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 400), pane, [event.clientX - frame.left, event.clientY - frame.top]);
  }

  press(pane, event) {
    if (!this.view) return;
    pane.focus({ preventScroll: true });
    pane.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.view.drawing) this.anchor = this.at(pane, event);
  }

  drag(pane, event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (others.length) {
      const apart = ([x, y]) => Math.hypot(x - others[0][0], y - others[0][1]) || 1;
      this.zoom(apart([event.clientX, event.clientY]) / apart(last), pane);
    } else if (this.view.drawing) {
      this.setBox(...this.anchor, ...this.at(pane, event));
    } else {
      this.move(event.clientX - last[0], event.clientY - last[1], pane);
    }
  }

  key(pane, event) {
    const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const arrow = arrows[event.key];
    if (!this.view) return;
    if (arrow && this.view.drawing) this.nudge(arrow, event.shiftKey);
    else if (arrow) this.move(-40 * arrow[0], -40 * arrow[1], pane);
    else if (event.key === "+" || event.key === "=") this.zoom(1.4, pane);
    else if (event.key === "-") this.zoom(1 / 1.4, pane);
    else if (event.key === "0") this.zoom(0, pane);
    else if (event.key === "Enter" && this.view.drawing) this.send("region", this.view.box);
    else if (event.key === "Escape" && this.view.drawing) this.mode(false);
    else return;
    event.preventDefault();
  }

  nudge([dx, dy], size) {
    const [height, width] = this.view.data.full;
    const step = Math.max(1, Math.round(Math.max(height, width) / 100));
    const [t, l, b, r] = this.view.box;
    const [x, y] = [dx * step, dy * step];
    if (size) this.setBox(t, l, Math.max(t + 2, b + y), Math.max(l + 2, r + x));
    else if (t + y >= 0 && l + x >= 0 && b + y <= height && r + x <= width) this.setBox(t + y, l + x, b + y, r + x);
  }
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".viewer");
  let viewer = mounted.get(root);
  if (!viewer) {
    viewer = new Viewer(root);
    mounted.set(root, viewer);
  }
  viewer.show(data, setStateValue);
  return () => {
    viewer.resizes.disconnect();
    mounted.delete(root);
  };
}
