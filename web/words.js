// What the editor says, in the language of ComfyUI's page.
//
// English is the key: what locales/<language>/main.json doesn't have under "tpsPortrait" stays
// English, and so does a page that isn't ComfyUI's. tests/test_locales.py reads what is asked for in the scripts.

const translations = await ofThePage();

/** The English sentence in the page's language; {name} in it becomes values.name. */
export function word(english, values = {}) {
  const sentence = translations[english] ?? english;
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

async function ofThePage() {
  const api = window.comfyAPI?.api?.api;
  if (!api) return {};
  try {
    const [packs, chosen] = await Promise.all([
      api.getCustomNodesI18n(),
      api.getSetting("Comfy.Locale"),
    ]);
    const language = chosen ?? navigator.language.split("-")[0]; // as ComfyUI chooses one
    return packs[language]?.tpsPortrait ?? {};
  } catch {
    return {}; // words are no reason to be without an editor
  }
}
