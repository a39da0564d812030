/* From packed bytes to pictures, and what is drawn over them. */

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

function surface(height, width) {
  const canvas = document.createElement("canvas");
  canvas.height = height;
  canvas.width = width;
  return canvas;
}

/* The picture of the scan, windowed from the modality's values or as it was stored. */
function paint(view, preset) {
  const [height, width] = view.data.shape;
  const canvas = surface(height, width);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const out = new Uint32Array(pixels.data.buffer);
  const grey = preset?.width ? greys(view, preset) : null;
  const { display } = view;
  for (let i = 0; i < out.length; i++) {
    if (grey) out[i] = grey[view.values[i]];
    else if (view.data.channels === 1) out[i] = 0xff000000 | (display[i] * 0x010101);
    else out[i] = 0xff000000 | (display[3 * i + 2] << 16) | (display[3 * i + 1] << 8) | display[3 * i];
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/* Stored value -> colour by the linear VOI function of DICOM PS3.3 C.11.2.1.3 (linear exact). */
function greys(view, { centre, width }) {
  const { slope, intercept, inverted } = view.data.values;
  const table = new Uint32Array(65536);
  for (let v = 0; v < table.length; v++) {
    const share = Math.min(1, Math.max(0, (v * slope + intercept - centre) / width + 0.5));
    table[v] = 0xff000000 | (Math.round(255 * (inverted ? 1 - share : share)) * 0x010101);
  }
  return table;
}

/* Evidence as colour; the less there is, the more the scan shows through. */
function tint(map, bytes, colours) {
  const [height, width] = map.shape;
  const canvas = surface(height, width);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const steps = colours.map((c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16)));
  bytes.forEach((value, i) => {
    const at = (value / 255) * (steps.length - 1);
    const low = Math.min(Math.floor(at), steps.length - 2);
    for (let c = 0; c < 3; c++) {
      pixels.data[4 * i + c] = steps[low][c] + (at - low) * (steps[low + 1][c] - steps[low][c]);
    }
    pixels.data[4 * i + 3] = Math.min(255, value * 2);
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/* The outline's marks as colour: the line, its dark border, and hatching where it is doubtful. */
function line([height, width], marks) {
  const canvas = surface(height, width);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const out = new Uint32Array(pixels.data.buffer);
  const [EDGE, DOUBT, HALO] = [1, 2, 3];
  marks.forEach((mark, i) => {
    const hatched = ((i % width) + Math.floor(i / width)) % 4 === 0;
    if (mark === EDGE) out[i] = 0xff38e8fe;
    else if (mark === HALO) out[i] = 0xff000000;
    else if (mark === DOUBT && hatched) out[i] = 0xffe9b456;
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/* The box that the model read in, or the one that is being drawn. */
function drawBox(context, { data, box, drawing }, { sx, sy, left, top }) {
  const edges = drawing ? box : data.region?.box;
  if (!edges) return;
  const k = data.shape[0] / data.full[0];
  const [t, l, b, r] = edges.map((edge) => edge * k);
  const rectangle = [left + l * sx, top + t * sy, (r - l) * sx, (b - t) * sy];
  for (const [colour, width] of [["#000", 3], ["#fff", 1.25]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(drawing ? [6, 4] : []);
    context.strokeRect(...rectangle);
  }
  context.setLineDash([]);
}

/* A ruler of a round length, where the file says how large a pixel is. */
function drawRuler(context, data, pane, sx) {
  if (!data.mm) return;
  const pixelsPerMm = (sx * data.shape[1]) / data.full[1] / data.mm;
  const mm = [1, 2, 5, 10, 20, 50, 100].filter((n) => n * pixelsPerMm < pane.clientWidth / 3).pop();
  if (!mm) return;
  const y = pane.clientHeight - 14;
  for (const [colour, width] of [["#000", 5], ["#fff", 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(14, y);
    context.lineTo(14 + mm * pixelsPerMm, y);
    context.stroke();
  }
  context.font = "12px sans-serif";
  context.lineWidth = 3;
  context.strokeStyle = "#000";
  context.fillStyle = "#fff";
  context.strokeText(`${mm} mm`, 14, y - 7);
  context.fillText(`${mm} mm`, 14, y - 7);
}
