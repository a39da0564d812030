/* Tells the server that somebody is at the page, also when what they do there asks the server nothing. */
const SIGNS = ["pointerdown", "keydown", "wheel", "touchmove"];

export default function ({ data, setTriggerValue }) {
  let told = Date.now();
  const tell = () => {
    if (Date.now() - told < data.every_ms) return;
    told = Date.now();
    setTriggerValue("used", told);
  };
  SIGNS.forEach((sign) => window.addEventListener(sign, tell, { passive: true, capture: true }));
  return () => SIGNS.forEach((sign) => window.removeEventListener(sign, tell, { capture: true }));
}
