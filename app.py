"""The menu. Run with ``streamlit run app.py``.

The pages have no icons: Streamlit fetches a page's icon from fonts.gstatic.com for the browser's tab.
"""

import streamlit as st

from ui.language import _

st.navigation(
    {
        _("Imaging"): [st.Page("pages/imaging/scan.py", title=_("Scan"), url_path="scan", default=True)],
        _("System"): [st.Page("pages/system/models.py", title=_("Models"), url_path="models")],
    }
).run()
