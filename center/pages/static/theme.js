// Before anything is drawn: a viewer without a choice of their own gets the system's theme.
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const automatic = !root.dataset.theme;
  const follow = () => { root.dataset.theme = dark.matches ? "dark" : "light"; };
  if (automatic) { follow(); dark.addEventListener("change", follow); }
}
