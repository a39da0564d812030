"""What Streamlit is told: frame, widgets, results, figures and the viewer. Computes nothing clinical."""
