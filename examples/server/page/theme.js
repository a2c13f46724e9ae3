// SPDX-License-Identifier: Apache-2.0
// Owns: light or dark before the first paint, and the switch for it. Runs before the page is drawn, hence no module.
(function () {
    "use strict";
    const root = document.documentElement;

    function stored() {
        try {
            return localStorage.getItem("theme") || "auto";
        } catch {
            return "auto"; // storage may be forbidden; then the choice lasts as long as the page
        }
    }

    function apply(theme) {
        if (theme === "light" || theme === "dark") root.dataset.theme = theme;
        else delete root.dataset.theme;
    }

    apply(stored());
    document.addEventListener("DOMContentLoaded", () => {
        const field = document.getElementById("theme");
        const now = field.querySelector(`input[value="${root.dataset.theme || "auto"}"]`);
        now.checked = true;
        field.addEventListener("change", (event) => {
            apply(event.target.value);
            try {
                localStorage.setItem("theme", event.target.value);
            } catch {
                // as above
            }
        });
    });
})();
