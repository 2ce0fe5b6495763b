// What a page offers to click, and what a click changes on it.
(() => {
  const SUBMENU = '.ant-dropdown-menu-submenu-popup', UNFOLDED = '.ant-dropdown-menu-submenu-open > [role=menuitem]';
  const MENU = `.ant-dropdown, .ant-popover, .ant-menu-submenu-popup, ${SUBMENU}`, DIALOG = '.ant-modal-wrap';
  const OPENER = '.ant-dropdown-open, .ant-popover-open, .ant-menu-submenu-open > [role=menuitem]';
  const BUTTON = 'button, [role=button], [role=menuitem], [role=tab], [role=switch]';
  // Explore marks the heading of each control as a button; only that of a check box does something.
  const HEADING = 'label [role=button]:not([style*=pointer])';

  // The gallery of charts; where it is a dialog, one of each is enough.
  const CHOICE = '[data-test=viztype-selector-container], button[role=tab]';

  const isShown = e => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && style.pointerEvents !== 'none';
  };
  const shown = selector => [...document.querySelectorAll(selector)].filter(isShown);
  const isOff = e => e.disabled || e.closest('[aria-disabled=true], [disabled], .ag-root');
  const isChosen = e => e.getAttribute('aria-selected') === 'true' || e.closest('[aria-current], .active');

  const icons = e => [...e.querySelectorAll('[aria-label]')].map(one => one.getAttribute('aria-label'))
    .join(' ').replace(/sun|moon|format-painter/, 'theme');
  const text = e => (e.innerText || '').trim().split('\n')[0].replace(/^\d+$/, 'a page').replaceAll('"', '');
  const label = e => e.getAttribute('aria-label') || icons(e) || e.dataset.test;
  const nameOf = e => {
    if (e.closest('td') && text(e)) return label(e) || 'a row';
    return e.closest(DIALOG) && e.matches(CHOICE) ? 'a choice' : text(e) || label(e);
  };
  const first = selector => shown(selector).map(nameOf)[0];

  // A submenu stays for a moment when its menu has closed.
  const menus = () => shown(MENU).filter(menu => !menu.matches(SUBMENU) || first(UNFOLDED));

  // The names of what holds it, from the outside to the inside.
  const within = e => {
    const dialog = e.closest(DIALOG), menu = e.closest(MENU), section = e.closest('.ant-collapse-item');
    const control = e.closest('.Control');
    return [
      dialog && [...dialog.querySelectorAll('.ant-modal-title')].map(nameOf)[0],
      menu && first(OPENER),
      menu && menu.matches(SUBMENU) && first(UNFOLDED),
      section && !e.matches('.ant-collapse-header') && nameOf(section.querySelector('.ant-collapse-header')),
      control && !e.closest('label') && [...control.querySelectorAll('label')].map(nameOf)[0],
    ];
  };

  // Marks one button of each name; while a menu or a dialog is open, only what is in it can be clicked.
  const kinds = () => {
    const found = new Set(), top = menus().length ? menus() : shown(DIALOG);
    for (const e of document.querySelectorAll(BUTTON)) {
      e.removeAttribute('data-kind');
      if (!isShown(e) || isOff(e) || isChosen(e) || e.matches(HEADING) || !nameOf(e)) continue;
      if (top.length ? !top.some(one => one.contains(e)) : e.closest(SUBMENU)) continue;
      const kind = [...within(e), nameOf(e)].filter(Boolean).join(' > ');
      if (found.has(kind)) continue;
      found.add(kind);
      e.setAttribute('data-kind', kind);
    }
    return [...found];
  };

  // All that a click may change; a hint that the mouse calls up is none of it.
  const state = () => {
    let text = document.body.innerText;
    for (const hint of shown('.ant-tooltip')) text = text.replace(hint.innerText, '');
    const count = selector => document.querySelectorAll(selector).length;
    const fields = [...document.querySelectorAll('[class*=starred], [class*=sort], input')];
    return [location.href, text, document.fullscreenElement !== null, menus().length,
      count('[aria-expanded=true], [aria-checked=true], [aria-selected=true], [role=dialog]'),
      shown('[role=menu]').length, fields.map(e => e.className + e.value + e.checked)].join(' ');
  };
  const moving = () => document.querySelector('[class*="ant-slide-"], [class*="ant-zoom-"]') !== null;
  const opened = () => menus().length + shown(DIALOG).length > 0;

  const hinted = () => shown('.ant-tooltip').length > 0;

  window.buttons = { kinds, state, moving, opened, hinted };
})();
