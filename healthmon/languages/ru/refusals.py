"""Why a page cannot be shown, or an order is not taken, in Russian."""

from __future__ import annotations

REFUSALS = {
    # What was asked for is not there.
    "{name}: nothing of this name was ever watched; {why}": "{name}: под таким именем ничего не наблюдалось; {why}",
    "this is a part of {names}": "это часть имени {names}",
    "did you mean {name}?": "имелось в виду {name}?",
    "healthmon status --all shows the names": "имена показывает healthmon status --all",
    "{name} names {names}; write which one you mean": "под {name} подходят {names}; уточните имя",
    "there is no incident {number}": "инцидента {number} нет",
    "incident {number} is over already": "инцидент {number} уже завершён",
    "no silence {number} is in force": "действующего заглушения {number} нет",
    "The method is not allowed for the requested URL.": "Сюда ничего нельзя отправить.",
    # What was asked for makes no sense.
    "{name}={given}: must be one of {words}": "{name}={given}: допустимы {words}",
    "{name}: {given}: must be a whole number between {least} and {most}": (
        "{name}: {given}: нужно целое число от {least} до {most}"
    ),
    "say what is to be silenced, in 1 to {most} words like 101, PJSIP/1* or site=…": (
        "укажите, что заглушить: от 1 до {most} слов вроде 101, PJSIP/1* или site=…"
    ),
    "no text has a character of the number 0 in it": "в тексте недопустим символ с кодом 0",
    "no name has a character of the number 0 in it": "в имени недопустим символ с кодом 0",
    "that is too long: {number} characters will do": "слишком длинно: достаточно {number} знаков",
    # Whoever asks may not.
    "nobody can log in here: [user NAME] sections with a password_hash say who may": (
        "войти здесь никто не может: кому можно, указывают секции [user NAME] с password_hash"
    ),
    "the settings are shown to who has logged in; [user NAME] sections say who may": (
        "настройки показываются тем, кто вошёл; кому можно войти, указывают секции [user NAME]"
    ),
    "the settings are of all customers; they are shown to who sees everything": (
        "настройки общие для всех заказчиков; их видит только тот, кому видно всё"
    ),
    "a viewer may not change anything; an operator may": "наблюдатель ничего не меняет; это может оператор",
    "this form is older than your log-in, or is none of ours; load the page anew, and try again": (
        "эта форма старше вашего входа или не наша; загрузите страницу заново и повторите"
    ),
    "this may speak of what you do not see; name a PBX, a watch section or endpoints of yours, each with"
    " its PBX: office:PJSIP/101": (
        "это может касаться того, чего вы не видите; назовите свою АТС, секцию watch или свои эндпоинты, каждый с его"
        " АТС: office:PJSIP/101"
    ),
    "only what comes by the trusted proxy is answered here": "здесь отвечают только через доверенный прокси",
    "there is no [user {name}] in healthmon's configuration": "в конфигурации healthmon нет [user {name}]",
    "this token is not known here": "этот токен здесь неизвестен",
    "a screen on the wall takes a token with role = read: what stands in an address is seen": (
        "экрану на стене нужен токен с role = read: то, что стоит в адресе, видно всем"
    ),
    # It cannot be answered now.
    "the database was read {number} s ago for the last time": "база данных в последний раз прочитана {number} с назад",
    "too much is asked at the same time; ask again in a moment": "слишком много запросов сразу; повторите чуть позже",
    "that takes longer than {number} s; ask for less, or on the command line": (
        "это дольше {number} с; запросите меньше или в командной строке"
    ),
}
