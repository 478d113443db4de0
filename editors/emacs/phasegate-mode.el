;;; phasegate-mode.el --- Phasegate programs -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Colours, indentation, the outline (imenu) and formatting of `.deploy' files; the language server by eglot, and flymake
;; by `phasegate check' where there is none.
;;
;;   (add-to-list 'load-path ".../editors/emacs")
;;   (require 'phasegate-mode)
;;   (add-hook 'phasegate-mode-hook #'eglot-ensure)
;;
;; A word is a keyword only where the language reads it so: followed by a value on its line.

;;; Code:

(require 'json)

(defgroup phasegate nil
  "Phasegate programs."
  :group 'languages
  :prefix "phasegate-")

(defcustom phasegate-program "phasegate"
  "The program that checks, formats and serves."
  :type 'string)

(defcustom phasegate-indent-offset 2
  "How much further in a block is than what opens it."
  :type 'integer
  :safe #'integerp)

;;; ---- texts and comments --------------------------------------------------------------------------------------------

(defvar phasegate-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?_ "_" table)
    (modify-syntax-entry ?/ ". 124b" table)
    (modify-syntax-entry ?* ". 23" table)
    (modify-syntax-entry ?\n "> b" table)
    ;; Texts are found by `phasegate--propertize', as they nest.
    (modify-syntax-entry ?\" "." table)
    (modify-syntax-entry ?\\ "." table)
    (dolist (sign '(?+ ?- ?= ?< ?> ?% ?! ??))
      (modify-syntax-entry sign "." table))
    table))

(defun phasegate--text-end (block limit)
  "Go behind the text at point, a BLOCK or one of a line, up to LIMIT.
Point is behind the opening quotes.  Texts may nest inside of `${}'."
  (let ((depths nil) (done nil))
    ;; DEPTHS holds, for each `${' that is open, how many braces are open in it; a text inside of one is nil.
    (while (and (not done) (< (point) limit))
      (let ((char (char-after)))
        (cond
         ((and (eq char ?\n) (not block)) (setq done t))
         ((integerp (car depths))
          (forward-char)
          (cond ((eq char ?{) (setcar depths (1+ (car depths))))
                ((eq char ?}) (if (> (car depths) 0) (setcar depths (1- (car depths))) (pop depths)))
                ((eq char ?\") (push nil depths))))
         ((eq char ?\\) (forward-char (if (eq (char-after (1+ (point))) ?\n) 1 2)))
         ((and (eq char ?$) (eq (char-after (1+ (point))) ?{)) (forward-char 2) (push 0 depths))
         ((eq char ?\")
          (cond (depths (forward-char) (pop depths))
                ((not block) (forward-char) (setq done t))
                ((looking-at "\"\"\"") (forward-char 3) (setq done t))
                (t (forward-char))))
         (t (forward-char)))))))

(defun phasegate--propertize (start end)
  "Mark the texts between START and END as strings."
  (goto-char start)
  ;; Where a text is cut, begin with it.
  (let ((state (syntax-ppss start)))
    (when (nth 3 state) (goto-char (nth 8 state))))
  (while (and (< (point) end) (re-search-forward "\"\\|//\\|/\\*" end t))
    (let ((found (match-beginning 0)) (limit (point-max)))
      (cond
       ((string= (match-string 0) "//") (end-of-line))
       ((string= (match-string 0) "/*") (unless (search-forward "*/" nil t) (goto-char limit)))
       (t
        (let ((raw (and (eq (char-before found) ?r) (not (memq (char-syntax (or (char-before (1- found)) ?\s)) '(?w ?_)))))
              (block (save-excursion (goto-char found) (looking-at "\"\"\""))))
          (cond
           (raw (skip-chars-forward "^\"\n") (when (eq (char-after) ?\") (forward-char)))
           (t (when block (forward-char 2)) (phasegate--text-end block limit)))
          (put-text-property found (1+ found) 'syntax-table (string-to-syntax "|"))
          (when (> (point) (1+ found))
            (put-text-property (1- (point)) (point) 'syntax-table (string-to-syntax "|"))
            (put-text-property found (point) 'syntax-multiline t))))))))

;;; ---- colours -------------------------------------------------------------------------------------------------------

(defconst phasegate--value "[ \t]+[[:alnum:]_\"([{-]"
  "What follows a word that is a keyword.")

(eval-and-compile
  (defun phasegate--words (&rest words)
    "A regular expression for one of WORDS that is not a field."
    (concat "\\(?:^\\|[^.[:alnum:]_]\\)\\(" (regexp-opt words) "\\)")))

(defconst phasegate-font-lock-keywords
  `((,(concat "^" (regexp-opt '("pipeline" "component" "metrics" "environment" "threshold" "channel" "killswitch" "sentinel"
                                "freeze" "alert" "rubric" "schedule" "type")
                              t)
              "[ \t]+\\([[:alpha:]_][[:alnum:]_]*\\)")
     (1 font-lock-keyword-face) (2 font-lock-function-name-face))
    (,(concat "^" (regexp-opt '("step" "source" "extractor" "target" "channel") t) "[ \t]+\\([[:alpha:]_][[:alnum:]_.]*\\)(")
     (1 font-lock-keyword-face) (2 font-lock-function-name-face))
    ("^\\(test\\)[ \t]+\"" 1 font-lock-keyword-face)
    ("^\\(use\\)[ \t]" 1 font-lock-keyword-face)
    ("^use[ \t].*[ \t]\\(as\\)[ \t]+[[:alpha:]_]" 1 font-lock-keyword-face)
    ("\\(?:^\\|[{}][ \t]*\\|[ \t]\\)\\(phase\\|tier\\|criterion\\|probe\\)[ \t]+\\([[:alpha:]_][[:alnum:]_]*\\)\\(?:[ \t]*[={\"]\\|[ \t]+\\(?:after\\|for\\|when\\|[0-9]\\)\\|$\\)"
     (1 font-lock-keyword-face) (2 font-lock-function-name-face))
    ("\\(?:^\\|[{}][ \t]*\\|[ \t]\\)\\(step\\|let\\|param\\)[ \t]+\\([[:alpha:]_][[:alnum:]_]*\\)[ \t]*[:=]"
     (1 font-lock-keyword-face) (2 font-lock-variable-name-face))
    (,(concat (phasegate--words "abort" "after" "always" "approval" "approve" "at" "award" "backoff" "because" "before" "by"
                                "crash" "criterion" "effect" "every" "expect" "fails" "file" "for" "from" "gate" "given" "hold"
                                "lag" "let" "lock" "max" "missing" "never" "noise" "notified" "notify" "on" "outcome" "param"
                                "pass" "pause" "probe" "ramp" "recover" "require" "resolve" "resume" "retry" "return"
                                "rollback" "run" "runbook" "start" "step" "summary" "takes" "through" "timeout" "to"
                                "trip" "undo" "undone" "wait" "warn" "window" "within")
              phasegate--value)
     1 font-lock-keyword-face)
    (,(concat (phasegate--words "if" "then" "else" "when" "and" "or" "not" "in") "\\(?:[ \t]\\|$\\)") 1 font-lock-keyword-face)
    (,(concat (phasegate--words "gate" "on" "off" "parallel") "[ \t]*{") 1 font-lock-keyword-face)
    (,(concat (phasegate--words "idempotent" "builtin" "samples" "sample" "times" "once" "ran") "\\_>[ \t]*\\(?:[^.=:( \t]\\|$\\)")
     1 font-lock-keyword-face)
    (,(concat "[:<>][ \t]*" (regexp-opt '("bool" "int" "float" "string" "path" "url" "regex" "version" "cron" "time" "duration"
                                          "ratio" "bytes" "rate" "list" "map" "range" "secret" "json" "metric")
                                        t)
              "\\_>")
     1 font-lock-type-face)
    ("[:<>][ \t]*\\([[:upper:]][[:alnum:]_]*\\)" 1 font-lock-type-face)
    ("\\_<\\([[:alpha:]_][[:alnum:]_]*\\)(" 1 font-lock-function-name-face)
    ("\\_<\\([[:alpha:]_][[:alnum:]_]*\\):\\(?:[^:]\\|$\\)" 1 font-lock-variable-name-face)
    (,(regexp-opt '("true" "false") 'symbols) . font-lock-constant-face)
    ("\\_<[0-9][0-9_]*\\(?:\\.[0-9]+\\)?\\(?:%\\|[[:alpha:]]+\\)?" . font-lock-constant-face)
    ("\\${[^}\n]*}" 0 font-lock-variable-name-face prepend)
    ("\\<phasegate: allow(PG[0-9]+)" 0 font-lock-preprocessor-face prepend))
  "Colours of `phasegate-mode'.")

(defun phasegate--syntactic-face (state)
  "The face of a text or a comment in STATE."
  (cond ((nth 3 state) font-lock-string-face)
        ((save-excursion (goto-char (nth 8 state)) (looking-at "///\\(?:[^/]\\|$\\)")) font-lock-doc-face)
        (t font-lock-comment-face)))

;;; ---- indentation: as `phasegate fmt' writes it ---------------------------------------------------------------------

(defconst phasegate--clause
  (concat "\\(?:after\\|at\\|backoff\\|because\\|before\\|by\\|effect\\|else\\|every\\|for\\|from\\|in\\|lag\\|max\\|missing"
          "\\|noise\\|retry\\|then\\|through\\|to\\|undo\\|when\\|within\\)" phasegate--value
          "\\|idempotent\\(?:[ \t]*$\\|[ \t]+[a-z]\\)\\|builtin[ \t]*$"))

(defconst phasegate--operator
  "\\(?:and\\|or\\|not in\\)\\_>\\|\\(?:==\\|!=\\|<=\\|>=\\|\\?\\?\\|\\.\\.\\|\\+-\\|->\\|[-+*/<>]\\)[ \t]")

(defun phasegate--state ()
  "The state of the parser at the beginning of this line."
  (save-excursion (syntax-ppss (line-beginning-position))))

(defun phasegate--to-code-before ()
  "Go to the line of code before this one; nil if there is none."
  (let ((found nil))
    (while (and (not found) (zerop (forward-line -1)))
      (back-to-indentation)
      (setq found (not (or (eolp) (looking-at "//") (nth 4 (phasegate--state))))))
    found))

(defconst phasegate--takes-clauses
  "\\(?:step\\|probe\\)[ \t]\\|[[:alpha:]_][[:alnum:]_]*\\(?:\\.[[:alpha:]_][[:alnum:]_]*\\)*("
  "What takes clauses that are statements elsewhere: a step, a call, a probe.")

(defun phasegate--goes-on-p ()
  "Whether this line goes on with what the line before it began.
Point is at its first word."
  (or (looking-at phasegate--clause)
      (and (looking-at phasegate--operator) (not (looking-at "/[/*]")))
      (let ((opener (cond ((looking-at "timeout[ \t]+[[:alnum:]_\"(]\\|on[ \t]+failure[ \t]+[a-z]") phasegate--takes-clauses)
                          ((looking-at "expect[ \t]") "probe[ \t]")
                          ((looking-at "run[ \t]") "schedule[ \t]+[[:alnum:]_]+[ \t]+\"[^\"\n]*\"[ \t]*$"))))
        (and opener
             (save-excursion
               (and (phasegate--to-code-before)
                    (progn (phasegate--to-start) (looking-at opener))))))))

(defun phasegate--to-start ()
  "Go to the first word of the statement that this line belongs to."
  (back-to-indentation)
  (let ((done nil))
    (while (not done)
      (let ((state (phasegate--state)))
        (cond
         ((or (nth 3 state) (nth 4 state)) (goto-char (nth 8 state)) (back-to-indentation))
         ((and (looking-at "[])}]") (nth 1 state)) (goto-char (nth 1 state)) (back-to-indentation))
         ((and (phasegate--goes-on-p) (save-excursion (phasegate--to-code-before))) (phasegate--to-code-before))
         (t (setq done t)))))))

(defun phasegate--base (opening)
  "The column of what belongs to the bracket at OPENING.
What a block holds belongs to its statement, what a list or a call
holds to the line that opens it."
  (save-excursion
    (goto-char opening)
    (let ((outer (nth 1 (save-excursion (syntax-ppss opening)))))
      (if (and (eq (char-after opening) ?{) (not (and outer (>= outer (line-beginning-position)) (/= (char-after outer) ?{))))
          (phasegate--to-start)
        (back-to-indentation)))
    (current-column)))

(defun phasegate--column ()
  "The column of this line, or nil if it is inside of a text or a comment."
  (save-excursion
    (back-to-indentation)
    (let* ((state (phasegate--state))
           (opening (nth 1 state))
           (base (if opening (phasegate--base opening) 0))
           (body (if opening (+ base phasegate-indent-offset) 0)))
      (cond
       ((or (nth 3 state) (nth 4 state)) nil)
       ((looking-at "[])}]") base)
       ((not (phasegate--goes-on-p)) body)
       ;; What a signature says of itself stands below it.
       ((and (not opening) (looking-at "\\(?:effect\\|idempotent\\|builtin\\)\\_>")) 0)
       (t (+ body (* 2 phasegate-indent-offset)))))))

(defun phasegate-indent-line ()
  "Indent this line as `phasegate fmt' does."
  (interactive)
  (let ((column (phasegate--column)))
    (if (not column)
        'noindent
      (if (<= (current-column) (current-indentation))
          (indent-line-to column)
        (save-excursion (indent-line-to column))))))

;;; ---- formatting ----------------------------------------------------------------------------------------------------

(defun phasegate-format-buffer ()
  "Format the buffer by `phasegate fmt'.
What does not parse stays as it is, the rest is formatted."
  (interactive)
  (let* ((formatted (generate-new-buffer " *phasegate fmt*"))
         (errors (make-temp-file "phasegate"))
         (status (call-process-region nil nil phasegate-program nil (list formatted errors) nil "fmt" "-")))
    (unwind-protect
        (cond
         ((not (memq status '(0 1)))
          (error "`phasegate fmt' ended with %s: %s" status
                 (with-temp-buffer (insert-file-contents errors) (string-trim (buffer-string)))))
         (t
          (replace-buffer-contents formatted)
          (when (eq status 1) (message "Something does not parse; the rest is formatted"))))
      (kill-buffer formatted)
      (delete-file errors))))

;;; ---- the language server -------------------------------------------------------------------------------------------

(defvar eglot-server-programs)

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               `(phasegate-mode . ,(lambda (&rest _) (list phasegate-program "lsp")))))

;;; ---- flymake, where there is no server -----------------------------------------------------------------------------

(declare-function flymake-make-diagnostic "flymake")
(defvar-local phasegate--checking nil "The `phasegate check' that runs for this buffer.")

(defun phasegate--diagnostics (source json)
  "What JSON says about the buffer SOURCE.
It is the output of `phasegate check --format json'."
  (with-current-buffer source
    (save-restriction
      (widen)
      (delq nil
            (mapcar
             (lambda (diagnostic)
               (let-alist diagnostic
                 ;; What is wrong in imported files stands under their own names.
                 (when (equal .file "-")
                   (let ((begin (phasegate--position .start.line .start.column))
                         (end (phasegate--position .end.line .end.column)))
                     (flymake-make-diagnostic
                      source begin (max end (min (1+ begin) (point-max)))
                      (if (equal .severity "error") :error :warning)
                      (concat .code " " .message (if (stringp .help) (concat "; " .help) "")))))))
             (alist-get 'diagnostics json))))))

(defun phasegate--position (line column)
  "The position of COLUMN in LINE, both from 1."
  (save-excursion
    (goto-char (point-min))
    (forward-line (1- line))
    (min (+ (point) (1- column)) (line-end-position))))

(defun phasegate-flymake (report &rest _)
  "Give REPORT, a function of flymake, what `phasegate check' says of this buffer."
  (unless (executable-find phasegate-program)
    (error "There is no `%s'" phasegate-program))
  (when (process-live-p phasegate--checking)
    (kill-process phasegate--checking))
  (let ((source (current-buffer)))
    (save-restriction
      (widen)
      (setq phasegate--checking
            (make-process
             :name "phasegate-flymake" :noquery t :connection-type 'pipe
             :buffer (generate-new-buffer " *phasegate check*")
             :command (list phasegate-program "check" "--format" "json" "-")
             :sentinel
             (lambda (process _event)
               (when (memq (process-status process) '(exit signal))
                 (unwind-protect
                     (when (and (buffer-live-p source) (eq process (buffer-local-value 'phasegate--checking source)))
                       (let ((json (with-current-buffer (process-buffer process)
                                     (goto-char (point-min))
                                     (ignore-errors (json-parse-buffer :object-type 'alist :array-type 'list :null-object nil)))))
                         (if json
                             (funcall report (phasegate--diagnostics source json))
                           (funcall report :panic :explanation "`phasegate check' gave no JSON"))))
                   (kill-buffer (process-buffer process)))))))
      (process-send-region phasegate--checking (point-min) (point-max))
      (process-send-eof phasegate--checking))))

;;; ---- the mode ------------------------------------------------------------------------------------------------------

(defvar phasegate-imenu-generic-expression
  '(("Tests" "^test[ \t]+\"\\(.*\\)\"[ \t]*{" 1)
    ("Steps" "^step[ \t]+\\([[:alnum:]_.]+\\)(" 1)
    ("Types" "^type[ \t]+\\([[:alnum:]_]+\\)" 1)
    ("Metrics" "^metrics[ \t]+\\([[:alnum:]_]+\\)" 1)
    ("Environments" "^environment[ \t]+\\([[:alnum:]_]+\\)" 1)
    ("Components" "^component[ \t]+\\([[:alnum:]_]+\\)" 1)
    ("Pipelines" "^pipeline[ \t]+\\([[:alnum:]_]+\\)" 1)
    ("Phases" "^[ \t]+phase[ \t]+\\([[:alnum:]_]+\\)" 1)
    ("Watching" "^\\(?:alert\\|sentinel\\|killswitch\\|threshold\\|channel\\|freeze\\|rubric\\|schedule\\)[ \t]+\\([[:alnum:]_]+\\)[^.(]" 1))
  "The outline of a program.")

(defvar phasegate-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-f") #'phasegate-format-buffer)
    map))

;;;###autoload
(define-derived-mode phasegate-mode prog-mode "Phasegate"
  "Major mode for Phasegate programs.

\\{phasegate-mode-map}"
  (setq-local comment-start "// ")
  (setq-local comment-end "")
  (setq-local comment-start-skip "\\(?://+\\|/\\*+\\)[ \t]*")
  (setq-local font-lock-defaults
              '(phasegate-font-lock-keywords nil nil nil (font-lock-syntactic-face-function . phasegate--syntactic-face)))
  (setq-local syntax-propertize-function #'phasegate--propertize)
  (add-hook 'syntax-propertize-extend-region-functions #'syntax-propertize-multiline nil t)
  (setq-local parse-sexp-lookup-properties t)
  (setq-local indent-line-function #'phasegate-indent-line)
  (setq-local indent-tabs-mode nil)
  (setq-local fill-column 100)
  (setq-local electric-indent-chars (append "{}()[]" electric-indent-chars))
  (setq-local imenu-generic-expression phasegate-imenu-generic-expression)
  (setq-local beginning-of-defun-function
              (lambda (&optional count) (re-search-backward "^[a-z]" nil 'move (or count 1))))
  (add-hook 'flymake-diagnostic-functions #'phasegate-flymake nil t))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.deploy\\'" . phasegate-mode))

(provide 'phasegate-mode)

;;; phasegate-mode.el ends here
