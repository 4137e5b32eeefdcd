"""What the user sees: the only code that knows streamlit."""
