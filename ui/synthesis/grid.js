/* Images in rows, each a button that opens it larger. */

function tile(image, open) {
  const button = document.createElement("button");
  button.type = "button";
  const film = document.createElement("span");
  film.className = "film";
  const picture = document.createElement("img");
  picture.src = image.source;
  picture.alt = image.alt;
  film.append(picture);
  const words = document.createElement("span");
  words.className = "words";
  const number = document.createElement("b");
  number.textContent = image.number;
  words.append(number, image.label);
  button.append(film, words);
  button.addEventListener("click", open);
  const item = document.createElement("li");
  item.append(button);
  return item;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const grid = parentElement.querySelector(".medai-grid");
  grid.setAttribute("aria-label", data.title);
  if (grid.dataset.id === data.id) return;
  grid.dataset.id = data.id;
  grid.replaceChildren(...data.images.map((image, index) => tile(image, () => setTriggerValue("picked", index))));
}
