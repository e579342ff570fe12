survey-title = Our own visit forms
survey-intro = Write your questions in Excel; once published they are asked on visits, and the answers can be exported.
survey-none = No forms yet
survey-none-hint = Upload an XLSForm file to begin.
survey-answers = { $n ->
    [one] 1 answer
   *[other] { $n } answers
}
survey-fill-now = Fill in
survey-bring = Upload a new form
survey-bring-hint = The file needs the sheets survey (questions) and choices; settings holds form_title and form_id. It is checked first and not published at once.
survey-area = Where it is used
survey-file = Form file (.xlsx or .csv)
survey-read = Check the file
survey-reading = Checking…
survey-refused = Nothing was saved; please mend and upload again
survey-wrong = Some places in the file need mending
survey-wrong-hint = Mend them by sheet, row and column as listed and upload again. Nothing has been saved.
survey-mistakes = What to mend
survey-col-sheet = Sheet
survey-col-row = Row
survey-col-column = Column
survey-col-what = What is wrong and what to do
survey-col-level = How bad
survey-level-invalid = Must be mended
survey-level-unsupported = Not possible here
survey-level-warning = Please look
survey-state-draft = Draft
survey-state-published = Published
survey-state-withdrawn = Withdrawn
survey-where = Where you are
survey-preview = How it is asked
survey-preview-hint = The newest version; questions that appear only at times are listed too.
survey-versions = Versions
survey-version = Version { $version }
survey-version-meta = { $by } · { $at } · { $questions ->
    [one] 1 question
   *[other] { $questions } questions
}
survey-version-file = The file
survey-current = In use
survey-warnings = { $n ->
    [one] 1 remark
   *[other] { $n } remarks
}
survey-publish = Publish this version
survey-publish-sure = Once published, these questions are asked on visits. Publish?
survey-withdraw = Withdraw the form
survey-withdraw-sure = It is asked no more; answers stay. Withdraw?
survey-next = Another version
survey-next-hint = The changed file keeps its form_id and needs another version.
survey-latest = Latest answers
survey-no-answers = Nobody has filled it in yet.
survey-export = Export Excel
survey-source-web = on line
survey-source-offline = off line
survey-source-openrosa = field app
survey-col-by = Filled in by
survey-col-at = At
survey-col-area = Grid code
survey-col-address = Address
survey-col-dwelling = Home id
survey-col-visit = Visit id
survey-file-wrong = Some places in the file need mending
survey-other-form = The form_id of this file is “{ $given }”, here it must be “{ $wanted }”. Make them the same, or upload it as a new form.
survey-version-taken = There is a version “{ $version }” already. Choose another in the settings sheet.
survey-id-taken = The form_id “{ $name }” is used elsewhere. Choose another in the settings sheet.
survey-not-published = This form was withdrawn and can no longer be filled in.
survey-no-instance = The number of these answers is missing. Please reload the page.
survey-fill = Fill in a form
survey-offered = Forms for this home
survey-none-here = No forms to fill in here
survey-none-here-hint = They appear once the community publishes one.
survey-done = Saved.
survey-must = (required)
survey-add = Add: { $what }
survey-remove = Remove: { $what }
survey-send = Send
survey-sending = Sending…
survey-again = Update the questions
survey-faults = { $n ->
    [one] One place needs mending
   *[other] { $n } places need mending
}
survey-fault-required = Please answer
survey-fault-choice = Please choose from the list
survey-fault-constraint = This answer does not fit
survey-fault-integer = Please give a whole number of at most 9 digits
survey-fault-decimal = Please give a number
survey-fault-place = Please give latitude and longitude, such as 36.06 120.38
survey-fault-photo = This name of a photo cannot be used
survey-fault-type = Not in the right form
survey-device = Connect a field app
survey-device-intro = Fill in forms and take photos with ODK Collect and its like, without signal too.
survey-device-1 = Make a token below.
survey-device-2 = Add a project in the app with the address, the user name and the token as password.
survey-device-3 = Download blank forms in the app, fill them in, send them.
survey-token = Token (as password)
survey-token-made = The token is made
survey-token-once = It is shown this once: enter it in the app now. You can make another at any time; the old one then ends.
survey-token-url = Address
survey-token-user = User name
survey-token-copy = Copy the token
survey-token-since = The token made on { $at } is in use.
survey-token-until = It counts until { $at }, and ends earlier with a new password or second factor; make a new one here then.
survey-token-make = Make a token
survey-token-sure = The old token ends at once. Go on?
survey-token-end = End the token
survey-token-end-sure = The app can no longer load or send forms. Go on?
survey-app-login = Please log in with the token from the platform
survey-app-forbidden = This account may not fill in forms
survey-app-no-form = There is no such form, or its version was never published
survey-app-too-large = Too large; please make the photos smaller
survey-app-broken = Incomplete or unreadable
survey-app-kept = Received
survey-app-known = Received before; missing photos were added
survey-app-other = A form with the same id was received before with other answers; this one is not kept. Please save it as a new form and send that
survey-app-faults = Some answers do not fit: { $fields }
nav-surveys = Visit forms
nav-survey-fill = Fill in visit forms

# Acts in the log
act-survey-publish = Survey published
act-survey-withdraw = Survey withdrawn
act-survey-token-make = Token of a collecting device made
act-survey-token-end = Token of a collecting device ended

# Answers of field apps whose home nobody knows
survey-lost = Home not recognised
survey-lost-hint = These answers of a field app were taken, but the home that they name is not in the register, or several are called so. Please give the code at the door, or the whole address.
survey-lost-count = { $n } homes not recognised
survey-lost-home = Code at the door, or address
survey-lost-place = Place at this home
survey-home-unknown = No home, or more than one, is called so: give the 16 letters of the code at the door, or estate, building, staircase and door
act-survey-place = Answers placed at a home
