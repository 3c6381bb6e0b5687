"""CAP alerts in XML: elements, messages, single documents, signatures."""
