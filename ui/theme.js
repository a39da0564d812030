/* Scans are read in the dark: a browser that comes here for the first time gets the dark theme even
 * where its system is light. Streamlit knows a default only as "what the system says", and keeps the
 * choice of theme by path; so another path's choice is taken over. Afterwards the settings menu rules. */
(() => {
  const path = window.location.pathname;
  const key = (of) => `stActiveTheme-${of}-v2`;
  const seen = `medai-theme-${path}`;
  try {
    if (localStorage.getItem(seen)) return;
    localStorage.setItem(seen, "1");
    const current = JSON.parse(localStorage.getItem(key(path)) ?? '"System"');
    if (current !== "System") return;
    const chosen = Object.keys(localStorage)
      .filter((name) => name.startsWith("stActiveTheme-"))
      .map((name) => JSON.parse(localStorage.getItem(name)))
      .find((theme) => theme !== "System");
    localStorage.setItem(key(path), JSON.stringify(chosen ?? "Dark"));
    const light = window.matchMedia("(prefers-color-scheme: light)").matches;
    if ((chosen ?? "Dark") !== (light ? "Light" : "Dark")) window.location.reload();
  } catch {
    /* A browser that keeps nothing follows its system. */
  }
})();
