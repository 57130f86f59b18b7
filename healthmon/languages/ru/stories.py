"""What the lines of a story and of a life say, in Russian; the parts that are sayings themselves are said again."""

from __future__ import annotations

#: How things stand, in the word for people.
STATES = {"up": "в порядке", "degraded": "с ограничениями", "down": "нет связи", "unknown": "неизвестно"}
CHECKS = {
    "reachability": "доступность",
    "contacts": "контакты",
    "registration": "регистрация",
    "options": "свои OPTIONS",
    "connection": "соединение",
}

#: What became of it, and what it was before, for so long.
TURNS = {
    f"{after} after {{lasted}} {before}": f"{said}, до этого {{lasted}} {said_before}"
    for after, said in {**STATES, "no longer watched": "больше не наблюдается"}.items()
    for before, said_before in STATES.items()
}
#: How those of a group that were down together ended.
ENDINGS = {
    "recovered": "связь восстановлена",
    "stable": "стабильно",
    "removed from the configuration": "больше нет в конфигурации Asterisk",
    "no longer watched": "больше не наблюдается",
}

STORIES = {
    # What is believed, of which check, and how much later than it was so.
    "{also}; believed {lasted} later": "{also}; признано через {lasted}",
    **{f"{check}: {{also}}": f"{called}: {{also}}" for check, called in CHECKS.items()},
    **{f"{line}: {{why}}": f"{said}: {{why}}" for line, said in TURNS.items()},
    **TURNS,
    **{f"{state}: {{why}}": f"{said}: {{why}}" for state, said in STATES.items()},
    "no longer watched: {why}": "больше не наблюдается: {why}",
    **STATES,
    # What could not be seen.
    "its PBX {also}": "его АТС: {also}",
    "what is behind it {also}": "то, что за ней: {also}",
    "cannot be seen: {why}, for {lasted}": "ничего не видно: {why}, в течение {lasted}",
    "cannot be seen: {why}": "ничего не видно: {why}",
    "can be seen again, after {lasted}": "снова видно, через {lasted}",
    # Who was told what.
    "told {who} ({reason}, {number} attempts): {subject}": "сообщено {who} ({reason}, попыток: {number}): {subject}",
    "told {who} ({reason}): {subject}": "сообщено {who} ({reason}): {subject}",
    # To who sees only a part it is not said to whom, nor in which words.
    "told somebody ({reason}, {number} attempts)": "сообщено кому-то ({reason}, попыток: {number})",
    "told somebody ({reason})": "сообщено кому-то ({reason})",
    "told {who} ({reason}), later than the others": "сообщено {who} ({reason}), позже других",
    "told {who}, later than the others": "сообщено {who}, позже других",
    "not told to {who} ({reason}), {state}: {why}": "не сообщено {who} ({reason}), {state}: {why}",
    "not told to {who} ({reason}), {state}": "не сообщено {who} ({reason}), {state}",
    "to be told to {who} ({reason}, {number} attempts), {state}: {why}": (
        "будет сообщено {who} ({reason}, попыток: {number}), {state}: {why}"
    ),
    "to be told to {who} ({reason}, {number} attempts), {state}": (
        "будет сообщено {who} ({reason}, попыток: {number}), {state}"
    ),
    "to be told to {who} ({reason}), {number} attempts, {state}: {why}": (
        "будет сообщено {who} ({reason}), попыток: {number}, {state}: {why}"
    ),
    "to be told to {who} ({reason}), {number} attempts, {state}": (
        "будет сообщено {who} ({reason}), попыток: {number}, {state}"
    ),
    "to be told to {who} ({reason}), {number} attempt, {state}: {why}": (
        "будет сообщено {who} ({reason}), попыток: {number}, {state}: {why}"
    ),
    "to be told to {who} ({reason}), {number} attempt, {state}": (
        "будет сообщено {who} ({reason}), попыток: {number}, {state}"
    ),
    "to be told to {who} ({reason}), {state}: {why}": "будет сообщено {who} ({reason}), {state}: {why}",
    "to be told to {who} ({reason}), {state}": "будет сообщено {who} ({reason}), {state}",
    "for the end of its quiet time; {why}": "до конца тихого времени; {why}",
    "for the end of its quiet time": "до конца тихого времени",
    "opened": "начало",
    "reminder": "напоминание",
    "escalated": "эскалация",
    "widened": "стало больше",
    "changed": "изменение",
    "long gone": "давно нет связи",
    "acknowledged": "подтверждено",
    "resolved": "конец",
    "flapping": "нестабильно",
    "restarted": "перезапуск",
    "noted": "к сведению",
    "ended": "завершено",
    "waiting": "ждёт",
    "sending": "отправляется",
    "given up": "попытки прекращены",
    # What was decided.
    "told nobody: no receiver": "не сообщено никому: нет получателя",
    "told nobody: {why}": "не сообщено никому: {why}",
    "told with the end of {also}": "будет сообщено вместе с концом: {also}",
    "its end: {also}": "конец: {also}",
    "known by now: {why}": "теперь известно: {why}",
    "acknowledged with incident {number} by {who}": "подтверждено вместе с инцидентом {number}: {who}",
    "acknowledged by {who}: {text}": "подтверждено: {who}: {text}",
    "acknowledged by {who}": "подтверждено: {who}",
    "explained by incident {number}, until that was over": "объясняется инцидентом {number}, пока тот длился",
    "explained by incident {number}": "объясняется инцидентом {number}",
    "{why}: from now on nobody is told": "{why}: с этого момента никому не сообщается",
    "nobody is told: {why}": "никому не сообщается: {why}",
    "working hours have begun": "началось рабочее время",
    "from now on it is told singly": "с этого момента сообщается отдельно",
    "{why} is over": "{why}: закончилось",
    "silence {number}": "тишина {number}",
    "maintenance {name}": "обслуживание {name}",
    "outside working hours": "вне рабочего времени",
    "maintenance mode at Asterisk": "режим обслуживания в Asterisk",
    "providers are not told singly": "о провайдерах по отдельности не сообщается",
    "gateways are not told singly": "о шлюзах по отдельности не сообщается",
    "phones are not told singly": "о телефонах по отдельности не сообщается",
    "ATAs are not told singly": "о шлюзах ATA по отдельности не сообщается",
    "softphones are not told singly": "о программных телефонах по отдельности не сообщается",
    "mobile phones are not told singly": "о мобильных телефонах по отдельности не сообщается",
    "softphones that log out are not told": "о выходе программных телефонов не сообщается",
    "mobile phones that log out are not told": "о выходе мобильных телефонов не сообщается",
    "it cannot be seen whether it lasts": "не видно, длится ли он ещё",
    "nobody is left who believes it lasts": "никто больше не считает, что он длится",
    "incident {number}": "инцидент {number}",
    # Incidents, and what groups went through.
    "begins": "начинается",
    "is over after {lasted}: {why}": "завершён через {lasted}: {why}",
    "opened: one outage of all these": "открыт: один сбой на всех",
    "closed: {why}": "закрыт: {why}",
    "{number} down: {names}": "нет связи с {number}: {names}",
    **{f"{{number}} {ending}: {{names}}": f"{{number}}, {said}: {{names}}" for ending, said in ENDINGS.items()},
    # Contacts.
    "{also} (in its own network {address})": "{also} (в своей сети {address})",
    "moved to {address} from {before_it}: {program}": "переехал на {address} с {before_it}: {program}",
    "moved to {address} from {before_it}": "переехал на {address} с {before_it}",
    "no longer at {address}": "больше не по адресу {address}",
    "at {address}: {program}, before {earlier}": "по адресу {address}: {program}, раньше {earlier}",
    "at {address}: {program}": "по адресу {address}: {program}",
    "at {address}": "по адресу {address}",
}
