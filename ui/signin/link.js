/* What a tab remembers while its person is at the identity provider, which sends everybody back to the front page: the
 * page that was asked for, the language, and that the tab was left idle. It stays in the tab, for ten minutes. */
(() => {
  const LINK = "medai-link";
  const IDLE = "medai-idle";
  const LONGEST_MS = 600_000;

  const act = {
    /* Nobody is signed in: keep the page that was asked for. The front page asks for none. */
    remember(language) {
      const here = new URL(location.href);
      const front = here.pathname.endsWith("/") && [...here.searchParams.keys()].every((name) => name === "lang");
      const kept = front ? linked() : null;
      keep(kept?.wanted ?? here, language, kept?.who, kept?.at);
      if (sessionStorage.getItem(IDLE)) {
        document.querySelectorAll(".medai-idle").forEach((note) => note.removeAttribute("hidden"));
      }
    },

    /* Somebody is signed in: go where they wanted to, once. What another person left is not theirs to open. */
    follow(language, who) {
      const kept = linked();
      sessionStorage.removeItem(LINK);
      sessionStorage.removeItem(IDLE);
      if (!kept || (kept.who && kept.who !== who)) return;
      const here = new URL(location.href);
      here.searchParams.set("lang", language);
      if (kept.wanted.href !== here.href) location.replace(kept.wanted.href);
    },

    /* The visit has ended: whoever it was may come back to this page. An open page looks again, since the browser may
     * hold a newer sign-in by now. */
    part(language, who, idle, again) {
      keep(new URL(location.href), language, who);
      if (idle) sessionStorage.setItem(IDLE, "1");
      if (again) location.reload();
    },
  };

  function keep(wanted, language, who, at = Date.now()) {
    wanted.searchParams.set("lang", language);
    sessionStorage.setItem(LINK, JSON.stringify({ path: wanted.pathname + wanted.search, who, at }));
  }

  /* What is kept, if it is young and of this server. */
  function linked() {
    try {
      const { path, who, at } = JSON.parse(sessionStorage.getItem(LINK));
      const wanted = new URL(path, location.origin);
      return wanted.origin === location.origin && Date.now() - at < LONGEST_MS ? { wanted, who, at } : null;
    } catch {
      return null;
    }
  }

  const [asked, ...facts] = $ASKED;
  act[asked](...facts);
})();
