;;; sharedsl-mode.el --- Specs of weight sharing  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "26.1"))
;; Keywords: languages

;;; Commentary:

;; Colours, indentation by braces, and the language server through eglot:
;;
;;   (add-to-list 'load-path "/path/to/sharedsl/editors/emacs")
;;   (require 'sharedsl-mode)
;;   (add-hook 'sharedsl-mode-hook #'eglot-ensure)

;;; Code:

(defconst sharedsl--items '("import" "model" "block" "function" "extern" "sharing" "build"))

(defconst sharedsl--statements
  '("layer" "weight" "buffer" "state" "init" "forward" "require" "tie" "share" "fold" "factorize" "adapt" "freeze"
    "local" "untie" "reuse" "stage" "budget" "dtype" "test" "incremental"))

(defconst sharedsl--words '("if" "else" "for" "while" "return" "and" "or" "not" "in"))

(defconst sharedsl--clauses
  '("of" "extends" "with" "from" "across" "along" "groups" "cycle" "reversed" "times" "step" "rank" "as" "except" "on"
    "frozen" "no_decay"))

(defun sharedsl--ends-operand ()
  "Whether what stands before point is something that a clause can follow."
  (skip-chars-backward " \t")
  (cond ((bolp) nil)
        ((eq (char-before) ?*)
         (skip-chars-backward "*")
         (skip-chars-backward " \t")
         (or (memq (char-before) '(?. ?{ ?, ?@))
             (looking-back "\\_<\\(share\\|freeze\\|except\\|on\\|untie\\|adapt\\|local\\|across\\)" (line-beginning-position))))
        ((memq (char-before) '(?\) ?\] ?})) t)
        (t (and (looking-back "[A-Za-z_0-9]" (1- (point)))
                (or (looking-back "\\_<rank[ \t]+rank" (line-beginning-position))
                    (not (looking-back "\\_<\\(rank\\|as\\|across\\|along\\|with\\|extends\\)" (line-beginning-position))))))))

(defun sharedsl--next-clause (limit)
  "Search up to LIMIT for a word that is a clause's and no name."
  (let ((words (regexp-opt sharedsl--clauses 'symbols)) found)
    (while (and (not found) (re-search-forward words limit t))
      (let ((word (match-string 0)))
        (setq found
              (save-match-data
                (and (save-excursion (goto-char (match-beginning 0)) (sharedsl--ends-operand))
                     (save-excursion
                       (skip-chars-forward " \t")
                       (not (looking-at (if (member word '("across" "except" "on")) "[]=.,:)+/%<>-]" "[]=.,:)+/%<>*-]")))))))))
    found))

(defconst sharedsl--font-lock
  `((,(concat "^" (regexp-opt sharedsl--items 'words) "\\(?:[ \t]+\\(layer\\)\\)?\\(?:[ \t]+\\([A-Za-z_][A-Za-z_0-9]*\\)\\)?")
     (1 font-lock-keyword-face) (2 font-lock-keyword-face nil t) (3 font-lock-type-face nil t))
    (,(concat "\\(?:^\\|{\\)[ \t]*" (regexp-opt sharedsl--statements 'words) "[ \t]*\\(?:$\\|[A-Za-z_*{(]\\)")
     (1 font-lock-keyword-face))
    ("\\][ \t]*\\(?::[ \t]*[a-z]+\\)?[ \t]+\\(init\\)\\>" (1 font-lock-keyword-face))
    (sharedsl--next-clause . font-lock-keyword-face)
    (,(concat "\\(?:^\\|[^.A-Za-z_0-9]\\)" (regexp-opt sharedsl--words 'words)) (1 font-lock-keyword-face))
    (,(regexp-opt '("true" "false" "none") 'words) . font-lock-constant-face)
    ("\\(?::\\|->\\)[ \t]*\\(float\\|int\\|bool\\|list\\|function\\)\\>" (1 font-lock-type-face))
    ("\\<\\([A-Z][A-Za-z_0-9]*\\)(" (1 font-lock-type-face))
    ("\\<\\([a-z_][A-Za-z_0-9]*\\)(" (1 font-lock-function-name-face))
    ("@\\(?:[0-9]+\\|\\*\\)" . font-lock-constant-face)))

(defvar sharedsl-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?_ "w" table)
    (modify-syntax-entry ?\" "\"" table)
    table))

(defun sharedsl--goes-on ()
  "Whether the line of code above goes on: then point moves to its end."
  (let ((start (point)))
    (forward-line 0)
    (forward-comment (- (point)))
    (or (and (not (bobp))
             (looking-back "[,+/%=<>-]\\|[])A-Za-z_0-9][ \t]+\\*\\|\\_<\\(?:and\\|or\\|not\\|in\\|else\\)" (line-beginning-position))
             (not (looking-back "\\_<\\(?:share\\|freeze\\|except\\|on\\|untie\\|adapt\\|local\\|across\\)[ \t]+\\*" (line-beginning-position))))
        (progn (goto-char start) nil))))

(defun sharedsl--to-beginning ()
  "Go to where the statement of this line begins."
  (let ((at nil))
    (while (not (eq at (point)))
      (back-to-indentation)
      (setq at (point))
      (let ((open (nth 1 (syntax-ppss))))
        (cond ((and open (not (eq (char-after open) ?{))) (goto-char open))
              ((looking-at "->\\||>") (forward-line 0) (forward-comment (- (point))))
              (t (sharedsl--goes-on)))))
    (back-to-indentation)))

(defun sharedsl--column ()
  "Where this line belongs."
  (save-excursion
    (back-to-indentation)
    (let* ((state (syntax-ppss))
           (open (nth 1 state))
           (closes (eq (char-after) ?}))
           (goes-on (or (looking-at "->\\||>") (save-excursion (sharedsl--goes-on)))))
      (cond ((and open (not (eq (char-after open) ?{)))
             (goto-char (1+ open))
             (if (looking-at "[ \t]*\\(?:#.*\\)?$")
                 (progn (sharedsl--to-beginning) (+ 4 (current-column)))
               (current-column)))
            (t (let ((body (if (not open) 0 (goto-char open) (sharedsl--to-beginning) (+ 2 (current-column)))))
                 (cond (closes (- body 2)) (goes-on (+ body 4)) (t body))))))))

(defun sharedsl-indent-line ()
  "Two spaces for each open brace; behind an open bracket where there is one."
  (interactive)
  (let ((offset (- (current-column) (current-indentation))) (column (sharedsl--column)))
    (indent-line-to column)
    (when (> offset 0) (move-to-column (+ column offset)))))

;;;###autoload
(define-derived-mode sharedsl-mode prog-mode "sharedsl"
  "Specs of weight sharing."
  (setq-local comment-start "# ")
  (setq-local comment-start-skip "#+[ \t]*")
  (setq-local indent-tabs-mode nil)
  (setq-local tab-width 2)
  (setq-local fill-column 120)
  (setq-local indent-line-function #'sharedsl-indent-line)
  (setq-local font-lock-defaults '(sharedsl--font-lock)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.sdsl\\'" . sharedsl-mode))

(with-eval-after-load 'eglot
  (defvar eglot-server-programs)
  (add-to-list 'eglot-server-programs '(sharedsl-mode . ("sharedsl" "lsp"))))

(provide 'sharedsl-mode)
;;; sharedsl-mode.el ends here
