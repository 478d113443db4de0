;;; phasegate-mode-tests.el --- A session as a person has it -*- lexical-binding: t; -*-

;;; Commentary:

;; emacs -Q --batch -L editors/emacs -l test/phasegate-mode-tests.el -f ert-run-tests-batch-and-exit
;; PHASEGATE is the program, ROOT the repository, SCRATCH a folder of its own.

;;; Code:

(require 'ert)
(require 'cl-lib)
(require 'flymake)
(require 'imenu)
;; Emacs 29 brings eglot; before it Debian has packages.
(require 'package)
(dolist (folder '("/usr/share/emacs/site-lisp/elpa" "/usr/share/emacs/site-lisp/elpa-src"))
  (add-to-list 'package-directory-list folder))
(package-initialize)
(require 'eglot)
(require 'phasegate-mode)

(setq phasegate-program (getenv "PHASEGATE"))
(setq make-backup-files nil create-lockfiles nil eglot-confirm-server-initiated-edits nil)

(defconst phasegate-tests--broken
  "use std.exec

/// It is.
pipeline p {
  phase one {
    step built = exec([\"true\"]) timeout 1m
    gate { require built.exit_cod == 0 }
  }
  phase two after one { wait   5m }
}
")

(defun phasegate-tests--programs ()
  (append (directory-files-recursively (expand-file-name "pipelines" (getenv "ROOT")) "\\.deploy\\'")
          (directory-files-recursively (expand-file-name "stdlib" (getenv "ROOT")) "\\.deploy\\'")))

(defun phasegate-tests--write (name text)
  (let ((path (expand-file-name name (getenv "SCRATCH"))))
    (with-temp-file path (insert text))
    path))

(defmacro phasegate-tests--with (path &rest body)
  "Run BODY in a buffer of the file PATH."
  (declare (indent 1))
  `(let ((buffer (find-file-noselect ,path)))
     (unwind-protect (with-current-buffer buffer ,@body)
       (with-current-buffer buffer (set-buffer-modified-p nil))
       (kill-buffer buffer))))

(defun phasegate-tests--eventually (ready)
  "What READY gives within ten seconds."
  (let ((end (+ (float-time) 10)) value)
    (while (and (not (setq value (funcall ready))) (< (float-time) end))
      (accept-process-output nil 0.05))
    value))

(defun phasegate-tests--formatted (text)
  "TEXT as `phasegate fmt' writes it."
  (with-temp-buffer
    (insert text)
    (call-process-region nil nil phasegate-program t '(t nil) nil "fmt" "-")
    (buffer-string)))

(defun phasegate-tests--face (word &optional behind)
  "The face of WORD, the first one after the text BEHIND."
  (goto-char (point-min))
  (when behind (search-forward behind))
  (search-forward word)
  (get-text-property (match-beginning 0) 'face))

(ert-deftest phasegate-compiles-without-a-warning ()
  (let ((byte-compile-error-on-warn t)
        (byte-compile-dest-file-function (lambda (_) (expand-file-name "phasegate-mode.elc" (getenv "SCRATCH")))))
    (should (byte-compile-file (expand-file-name "editors/emacs/phasegate-mode.el" (getenv "ROOT"))))))

(ert-deftest phasegate-indents-every-program-to-itself ()
  (should (> (length (phasegate-tests--programs)) 20))
  (dolist (path (phasegate-tests--programs))
    (phasegate-tests--with path
      (should (eq major-mode 'phasegate-mode))
      (let ((before (split-string (buffer-substring-no-properties (point-min) (point-max)) "\n")))
        (let ((inhibit-message t)) (indent-region (point-min) (point-max)))
        (cl-loop for was in before
                 for is in (split-string (buffer-substring-no-properties (point-min) (point-max)) "\n")
                 for line from 1
                 do (should (equal (list path line is) (list path line was))))))))

(ert-deftest phasegate-indents-a-program-anew ()
  (phasegate-tests--with (expand-file-name "pipelines/quickstart.deploy" (getenv "ROOT"))
    (let ((before (buffer-substring-no-properties (point-min) (point-max))) (inhibit-message t))
      (goto-char (point-min))
      (while (re-search-forward "^ +" nil t) (replace-match ""))
      (should-not (equal (buffer-string) before))
      (indent-region (point-min) (point-max))
      (should (equal (buffer-substring-no-properties (point-min) (point-max)) before)))))

(ert-deftest phasegate-colours ()
  (with-temp-buffer
    (insert "/// Documentation\nuse std.{exec}\npipeline rollout {\n  param version: string = \"1.${env(\"x\")} // no\"\n"
            "  phase one \"Title\" after zero {\n    step built: Bench = exec([\"x\"]) timeout 1h30m // why\n"
            "    rollback phase when a.b > 5% for 3 samples\n    let phase = if timeout then not gate else 1\n  }\n"
            "  let text = \"\"\"\n    step \"and\" so on\n  \"\"\"\n}\n")
    (phasegate-mode)
    (font-lock-ensure)
    (should (eq (phasegate-tests--face "Docu") 'font-lock-doc-face))
    (should (eq (phasegate-tests--face "use") 'font-lock-keyword-face))
    (should (eq (phasegate-tests--face "rollout") 'font-lock-function-name-face))
    (should (eq (phasegate-tests--face "param") 'font-lock-keyword-face))
    (should (eq (phasegate-tests--face "string") 'font-lock-type-face))
    (should (eq (phasegate-tests--face "1." "string") 'font-lock-string-face))
    (should (eq (phasegate-tests--face "// no") 'font-lock-string-face))
    (should (eq (phasegate-tests--face "phase" "// no") 'font-lock-keyword-face))
    (should (eq (phasegate-tests--face "one") 'font-lock-function-name-face))
    (should (eq (phasegate-tests--face "Title") 'font-lock-string-face))
    (should (eq (phasegate-tests--face "after") 'font-lock-keyword-face))
    (should (eq (phasegate-tests--face "built") 'font-lock-variable-name-face))
    (should (eq (phasegate-tests--face "Bench") 'font-lock-type-face))
    (should (eq (phasegate-tests--face "exec" "Bench") 'font-lock-function-name-face))
    (should (eq (phasegate-tests--face "timeout") 'font-lock-keyword-face))
    (should (eq (phasegate-tests--face "why") 'font-lock-comment-face))
    (should (eq (phasegate-tests--face "rollback" "why") 'font-lock-keyword-face))
    (should (eq (phasegate-tests--face "phase" "let ") 'font-lock-variable-name-face))
    (should (eq (phasegate-tests--face "then" "let ") 'font-lock-keyword-face))
    (should (eq (phasegate-tests--face "step" "text") 'font-lock-string-face))
    (should (eq (phasegate-tests--face "and" "text") 'font-lock-string-face))))

(ert-deftest phasegate-outline ()
  (phasegate-tests--with (expand-file-name "pipelines/quickstart.deploy" (getenv "ROOT"))
    (let ((index (imenu--make-index-alist t)))
      (should (equal (mapcar #'car (cdr (assoc "Phases" index))) '("prepare" "release" "confirm")))
      (should (equal (mapcar #'car (cdr (assoc "Pipelines" index))) '("quickstart")))
      (should (cdr (assoc "Tests" index))))))

(ert-deftest phasegate-comments ()
  (with-temp-buffer
    (insert "type T = int\n")
    (phasegate-mode)
    (comment-region (point-min) (point-max))
    (should (equal (buffer-string) "// type T = int\n"))
    (uncomment-region (point-min) (point-max))
    (should (equal (buffer-string) "type T = int\n"))))

(ert-deftest phasegate-formats-by-the-program ()
  (with-temp-buffer
    (insert phasegate-tests--broken)
    (phasegate-mode)
    (should-not (equal (phasegate-tests--formatted phasegate-tests--broken) phasegate-tests--broken))
    (phasegate-format-buffer)
    (should (equal (buffer-string) (phasegate-tests--formatted phasegate-tests--broken)))))

(ert-deftest phasegate-flymake-without-a-server ()
  (phasegate-tests--with (phasegate-tests--write "flymake.deploy" phasegate-tests--broken)
    (flymake-mode 1)
    (flymake-start)
    (let ((found (phasegate-tests--eventually #'flymake-diagnostics)))
      (should (= (length found) 1))
      (should (string-prefix-p "PG108 " (flymake-diagnostic-text (car found))))
      (should (eq (flymake-diagnostic-type (car found)) :error))
      (should (equal (buffer-substring (flymake-diagnostic-beg (car found)) (flymake-diagnostic-end (car found))) "exit_cod")))))

(defun phasegate-tests--serve ()
  "Start the server for this buffer."
  (apply #'eglot (eglot--guess-contact))
  (phasegate-tests--eventually #'eglot-managed-p))

(ert-deftest phasegate-server-shows-a-diagnostic-and-formats ()
  (phasegate-tests--with (phasegate-tests--write "served.deploy" phasegate-tests--broken)
    (should (phasegate-tests--serve))
    (let ((found (phasegate-tests--eventually (lambda () (flymake-start) (accept-process-output nil 0.1) (flymake-diagnostics)))))
      (should found)
      (should (string-match-p "exit_cod" (flymake-diagnostic-text (car found))))
      (should (= (line-number-at-pos (flymake-diagnostic-beg (car found))) 7)))
    (goto-char (point-min))
    (search-forward "exec" nil nil 2)
    (should (jsonrpc-request (eglot-current-server) :textDocument/hover (eglot--TextDocumentPositionParams)))
    (search-forward "exit_cod")
    (let ((before (buffer-string)))
      (eglot-format-buffer)
      (should-not (equal (buffer-string) before))
      (should (equal (buffer-string) (phasegate-tests--formatted before))))
    (eglot-shutdown (eglot-current-server))))

(ert-deftest phasegate-server-renames-across-files ()
  (let ((names (phasegate-tests--write "names.deploy" "/// How long a phase waits.\nthreshold quick { require 1 < 2 }\n")))
    (phasegate-tests--with (phasegate-tests--write "user.deploy" "use \"./names.deploy\".{quick}

/// It is.
pipeline q {
  phase one { gate { require quick } }
}
")
      (should (phasegate-tests--serve))
      (goto-char (point-min))
      (search-forward "require quick")
      (backward-char)
      (cl-letf (((symbol-function 'y-or-n-p) #'always)) (eglot-rename "fast"))
      (should (string-match-p "require fast" (thing-at-point 'line)))
      (goto-char (point-min))
      (should (looking-at-p "use \"./names.deploy\".{fast}"))
      (should (string-match-p "^threshold fast" (with-current-buffer (find-file-noselect names) (buffer-string))))
      (eglot-shutdown (eglot-current-server)))))

;;; phasegate-mode-tests.el ends here
