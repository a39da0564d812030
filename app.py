"""The menu. Run with ``python -m ui.start``.

The pages have no icons: Streamlit fetches a page's icon from fonts.gstatic.com for the browser's tab.
"""

import streamlit as st

from ui.language import _
from ui.signin import offered, visitor

st.navigation(
    {
        _("Patients"): [
            st.Page("pages/patients/worklist.py", title=_("Worklist"), url_path="worklist", default=True),
            st.Page("pages/patients/patient.py", title=_("Patient"), url_path="patient"),
            st.Page("pages/patients/risk.py", title=_("Risk"), url_path="risk"),
            st.Page("pages/patients/monitor.py", title=_("Monitor"), url_path="monitor"),
            st.Page("pages/patients/dosing.py", title=_("Dosing"), url_path="dosing"),
        ],
        _("Imaging"): [
            st.Page("pages/imaging/scan.py", title=_("Scan"), url_path="scan"),
            st.Page("pages/imaging/synthesis.py", title=_("Synthesis"), url_path="synthesis"),
        ],
        _("Research"): [
            st.Page("pages/research/cohort.py", title=_("Cohort"), url_path="cohort"),
            st.Page("pages/research/subtypes.py", title=_("Subtypes"), url_path="subtypes"),
        ],
        _("System"): [
            st.Page("pages/system/models.py", title=_("Models"), url_path="models"),
            *offered("configure", st.Page("pages/system/training.py", title=_("Training"), url_path="training")),
            *offered("audit", st.Page("pages/system/activity.py", title=_("Activity"), url_path="activity")),
        ],
    },
    position="sidebar" if visitor() else "hidden",
).run()
