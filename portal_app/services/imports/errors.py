"""Why an import does not begin: a folder, file, mapping or option that cannot be used as a full_row."""

from portal_app.domain.errors import UserError


class FolderMissing(UserError):
    code = "import.folder_missing"
    message = "There is no folder {folder}"


class NothingToImport(UserError):
    code = "import.nothing_to_import"
    message = "There is no file to import in {folder}"


class FilesNotRead(UserError):
    """Files are there, and none is of a kind that can be read."""

    code = "import.files_not_read"
    message = "There is no file to import in {folder}; not read: {files}"


class UnknownEncoding(UserError):
    code = "import.unknown_encoding"
    message = "There is no text encoding named {encoding}"


class ColumnTwice(UserError):
    code = "import.column_twice"
    message = "{file} has two columns named {column}"


class UnknownColumn(UserError):
    code = "import.unknown_column"
    message = "{file} has an unknown column: {column}"


class ColumnWithoutName(UserError):
    """A column with values in it has no name."""

    code = "import.column_without_name"
    message = "{file}: column {number} has values (line {line}) and no name"


class ColumnMissing(UserError):
    code = "import.column_missing"
    message = "{file} has no column {column}"


class HeaderUnreadable(UserError):
    code = "import.header_unreadable"
    message = "The first line of {file} does not name its columns"


class UnknownDateFormat(UserError):
    """A date format with a part that is not understood, or without a year, month or day."""

    code = "import.unknown_date_format"
    message = "The date format {format} cannot be used: {reason}"


class MappingMissing(UserError):
    code = "import.mapping_missing"
    message = "There is no file {file}"


class MappingUnreadable(UserError):
    code = "import.mapping_unreadable"
    message = "{file} cannot be read: {reason}"


class MappingNoTable(UserError):
    code = "import.mapping_no_table"
    message = "{file}: {part} is not a table"


class MappingUnknownName(UserError):
    code = "import.mapping_unknown_name"
    message = "{file}: nothing is named {part}"


class MappingWrongValue(UserError):
    code = "import.mapping_wrong_value"
    message = "{file}: {part} is {allowed}"
