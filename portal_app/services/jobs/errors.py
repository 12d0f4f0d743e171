"""Why a job is not run."""

from portal_app.domain.errors import UserError


class JobUnknown(UserError):
    code = "job.unknown"
    message = "There is no job named {name}. There are: {names}"
    field = "name"


class JobRunning(UserError):
    code = "job.running"
    message = "The job {name} runs now. Its result will be in the list of jobs."
    field = "name"
