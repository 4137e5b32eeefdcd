import streamlit as st
from explorer.session import Session


def show(session: Session) -> None:
    st.write("map", session.status())
