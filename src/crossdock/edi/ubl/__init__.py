"""UBL as a wire format: safe XML, the schemas and the official Schematron rules; knows no business object and no hub."""
