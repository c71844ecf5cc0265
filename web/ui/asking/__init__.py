"""How a question is put: the message box, who is asked, and what is corrected afterwards."""
