"""Russian: русский. To add another language, copy this file, and translate what stands to the right of the colons.

Names in braces stay as they are, in whatever order the sentence needs. What Asterisk itself says ("peer status
Unreachable") and commands stay English in every language.
"""

from __future__ import annotations

from healthmon.languages import Language, Noun
from healthmon.languages.ru.refusals import REFUSALS
from healthmon.languages.ru.stories import STORIES

#: Genders, in the order in which ``STATES`` lists the forms; the last is that for several things, too.
HE, SHE, IT, THEY = 0, 1, 2, 3


def _plural(number: int) -> int:
    """1, 21 … телефон; 2–4, 22–24 … телефона; 0, 5–20, 25 … телефонов."""
    if number % 10 == 1 and number % 100 != 11:
        return 0
    if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14):
        return 1
    return 2


NOUNS = {
    "pbx": Noun(("АТС", "АТС", "АТС"), SHE),
    "network": Noun(("внешняя сеть", "внешние сети", "внешних сетей"), SHE),
    "providers": Noun(("группа провайдеров", "группы провайдеров", "групп провайдеров"), THEY),
    "provider": Noun(("провайдер", "провайдера", "провайдеров"), HE, ("провайдера", "провайдеров", "провайдеров")),
    "registration": Noun(("регистрация", "регистрации", "регистраций"), SHE),
    "contacts": Noun(("контакты", "контакты", "контакты"), THEY),
    "options": Noun(("OPTIONS", "OPTIONS", "OPTIONS"), THEY),
    "site": Noun(("площадка", "площадки", "площадок"), SHE),
    "gateway": Noun(("шлюз", "шлюза", "шлюзов"), HE, ("шлюза", "шлюзов", "шлюзов")),
    "phone": Noun(("телефон", "телефона", "телефонов"), HE, ("телефона", "телефонов", "телефонов")),
    "ata": Noun(
        ("ATA-адаптер", "ATA-адаптера", "ATA-адаптеров"), HE, ("ATA-адаптера", "ATA-адаптеров", "ATA-адаптеров")
    ),
    "softphone": Noun(("софтфон", "софтфона", "софтфонов"), HE, ("софтфона", "софтфонов", "софтфонов")),
    "mobile": Noun(
        ("мобильный телефон", "мобильных телефона", "мобильных телефонов"),
        HE,
        ("мобильного телефона", "мобильных телефонов", "мобильных телефонов"),
    ),
    "receiver": Noun(("канал оповещения", "канала оповещения", "каналов оповещения"), HE),
    "device": Noun(("устройство", "устройства", "устройств"), IT),
    "day": Noun(("день", "дня", "дней"), HE),
}

STATES = {
    "ESCALATED": ("ЭСКАЛАЦИЯ:",),
    "WORSE": ("УХУДШЕНИЕ:",),
    "DOWN": ("НЕДОСТУПЕН", "НЕДОСТУПНА", "НЕДОСТУПНО", "НЕДОСТУПНЫ"),
    "STILL DOWN": ("ВСЁ ЕЩЁ НЕДОСТУПЕН", "ВСЁ ЕЩЁ НЕДОСТУПНА", "ВСЁ ЕЩЁ НЕДОСТУПНО", "ВСЁ ЕЩЁ НЕДОСТУПНЫ"),
    "LOGGED OUT": ("ВЫШЕЛ ИЗ СЕТИ", "ВЫШЛА ИЗ СЕТИ", "ВЫШЛО ИЗ СЕТИ", "ВЫШЛИ ИЗ СЕТИ"),
    "CANNOT SEE": ("НЕ ВИДНО:",),
    "STILL CANNOT SEE": ("ВСЁ ЕЩЁ НЕ ВИДНО:",),
    "FLAPPING": ("НЕСТАБИЛЕН", "НЕСТАБИЛЬНА", "НЕСТАБИЛЬНО", "НЕСТАБИЛЬНЫ"),
    "DEGRADED": ("ЧАСТИЧНО ДОСТУПЕН", "ЧАСТИЧНО ДОСТУПНА", "ЧАСТИЧНО ДОСТУПНО", "ЧАСТИЧНО ДОСТУПНЫ"),
    "STILL DEGRADED": (
        "ВСЁ ЕЩЁ ЧАСТИЧНО ДОСТУПЕН",
        "ВСЁ ЕЩЁ ЧАСТИЧНО ДОСТУПНА",
        "ВСЁ ЕЩЁ ЧАСТИЧНО ДОСТУПНО",
        "ВСЁ ЕЩЁ ЧАСТИЧНО ДОСТУПНЫ",
    ),
    "NOT SEEN": ("ДАВНО НЕ НА СВЯЗИ",),
    "WAS DOWN": ("БЫЛ НЕДОСТУПЕН", "БЫЛА НЕДОСТУПНА", "БЫЛО НЕДОСТУПНО", "БЫЛИ НЕДОСТУПНЫ"),
    "COULD NOT SEE": ("БЫЛО НЕ ВИДНО:",),
    "WAS FLAPPING": ("БЫЛ НЕСТАБИЛЕН", "БЫЛА НЕСТАБИЛЬНА", "БЫЛО НЕСТАБИЛЬНО", "БЫЛИ НЕСТАБИЛЬНЫ"),
    "WAS DEGRADED": (
        "БЫЛ ДОСТУПЕН ЧАСТИЧНО",
        "БЫЛА ДОСТУПНА ЧАСТИЧНО",
        "БЫЛО ДОСТУПНО ЧАСТИЧНО",
        "БЫЛИ ДОСТУПНЫ ЧАСТИЧНО",
    ),
    # Not "ДОСТУПЕН": at a glance that is "НЕДОСТУПЕН".
    "UP": ("В НОРМЕ",),
    "SEEN AGAIN": ("СНОВА ВИДНО:",),
    "STABLE": ("СНОВА СТАБИЛЕН", "СНОВА СТАБИЛЬНА", "СНОВА СТАБИЛЬНО", "СНОВА СТАБИЛЬНЫ"),
    "RESTARTED": ("ПЕРЕЗАПУСК:",),
    "INFO": ("К СВЕДЕНИЮ:",),
    "ENDED": (
        "БОЛЬШЕ НЕ НАБЛЮДАЕТСЯ",
        "БОЛЬШЕ НЕ НАБЛЮДАЕТСЯ",
        "БОЛЬШЕ НЕ НАБЛЮДАЕТСЯ",
        "БОЛЬШЕ НЕ НАБЛЮДАЮТСЯ",
    ),
    "unreachable": ("недоступен", "недоступна", "недоступно", "недоступны"),
}

#: What messages are made of, in the order in which it is read.
TEXTS = {
    # The subject.
    "+ {n} more": "+ ещё {n}",
    "+ {words}": "+ {words}",
    "since {time}": "с {time}",
    "at {time}": "в {time}",
    "for {duration}": "уже {duration}",
    "after {duration}": "— сбой длился {duration}",
    "{n} still down": "без связи {n}",
    # Things.
    "{check} of {name}": "{check} {name}",
    "network of {pbx}": "внешняя сеть АТС {pbx}",
    "{pbx}: nothing outside reachable": "внешняя сеть АТС {pbx}",
    "{pbx}: the outside is reachable again": "внешняя сеть АТС {pbx}",
    "{pbx}: {share}": "сеть АТС {pbx}: {share}",
    "{pbx}: its sites are reachable again": "сеть АТС {pbx}",
    "providers at {host}": "провайдеры на {host}",
    "{down} of {of}": "{down} из {of}",
    "{share} {unreachable}": "{unreachable} {share}",
    # A paragraph.
    "since {time}, for {duration}": "с {time}, уже {duration}",
    "since {time}, the last of them since {last}, for {duration}": "с {time} (позже всех с {last}), уже {duration}",
    "from {start} to {end}: {duration}": "с {start} до {end}: {duration}",
    "{whole} ({duration} of it not seen)": "{whole} (из них {duration} наблюдения не было)",
    "at least twice as many as you were told before": "это минимум вдвое больше, чем сообщалось раньше",
    "all back after {duration}": "все снова на связи, сбой длился {duration}",
    "all but {n} back after {duration}": "все, кроме {n}, снова на связи, сбой длился {duration}",
    "{n} still down: {names}": "пока без связи {n}: {names}",
    "back as well, of which you were told before: {names}": "снова на связи и те, о ком сообщалось раньше: {names}",
    "cause: {cause}": "причина: {cause}",
    "{names}: {cause}": "{names}: {cause}",
    "last error: {error}": "последняя ошибка: {error}",
    "nobody knows whether it is down: only healthmon cannot see it, calls may go on as ever": (
        "неизвестно, доступна ли: её не видит только healthmon, звонки могут идти как обычно"
    ),
    "{name} (not seen)": "{name} (не видно)",
    "{name} (flapping)": "{name} (нестабильно)",
    "{name} (degraded)": "{name} (доступно частично)",
    "it was down before": "до этого была недоступна",
    "it was down before, since {time}": "до этого не отвечал, с {time}",
    "severity: {severity}": "важность: {severity}",
    "ESCALATED: nobody has acknowledged it": "ЭСКАЛАЦИЯ: никто не подтвердил",
    "{which}: not seen for more than {duration}: {names}": "{which}: нет связи дольше чем {duration}: {names}",
    "acknowledged by {who}": "подтверждено ({who})",
    "until now it came and went; now it stays so": "до сих пор состояние менялось; теперь оно остаётся таким",
    "it came and went in this time: the report says for how long it was down": (
        "за это время состояние менялось; сколько длилась недоступность, говорит отчёт"
    ),
    "it changes so often that short changes are not told; you will hear when it is stable, or down for longer": (
        "состояние меняется слишком часто, короткие изменения не сообщаются; "
        "сообщение придёт, когда станет стабильно или недоступно надолго"
    ),
    "counted are changes that were seen and lasted 2 s; the history has those that were believed": (
        "считаются изменения, которые были видны и длились 2 с; в истории - только признанные"
    ),
    "you were told of this outage before; now Asterisk does not try again": (
        "об этом сбое вам уже сообщалось; теперь Asterisk не пытается снова"
    ),
    "its registration is unknown: the manager interface does not let us look": (
        "о его регистрации ничего не известно: интерфейс управления недоступен"
    ),
    "registrations that are unknown, as the manager interface does not let us look: {names}": (
        "о регистрациях ничего не известно, интерфейс управления недоступен: {names}"
    ),
    "not retried": "без повторов",
    "now: {words}": "сейчас: {words}",
    "its registration is not back yet: {why}": "его регистрации пока нет: {why}",
    "our own OPTIONS are not answered as they should be yet: {why}": "ответ на наши OPTIONS пока не в порядке: {why}",
    "registrations that are not back yet: {names}": "регистраций пока нет: {names}",
    "not yet well by our own OPTIONS: {names}": "ответ на наши OPTIONS пока не в порядке: {names}",
    "explains {counts} of which you are not told: {names}": (
        "по этой же причине нет связи: {counts}; отдельно не сообщается: {names}"
    ),
    "it can be reached again, and could not be {times} (incident {number})": (
        "снова на связи; связи не было {times} (инцидент {number})"
    ),
    "{endpoint} on PBX {pbx}": "{endpoint} на АТС {pbx}",
    "incident {number}": "инцидент {number}",
    "incidents {numbers}": "инциденты {numbers}",
    "possibly repeated: an earlier attempt to send this ended without an answer": (
        "возможно, повтор: прошлая попытка отправки осталась без ответа"
    ),
    "possibly repeated": "возможно, повтор",
    "No longer watched, so no recovery will be told:": "Больше не наблюдается, о восстановлении сообщений не будет:",
    "down since {time}": "без связи с {time}",
    "not seen since {time}": "не видно с {time}",
    "… and {n} more": "… и ещё {n}",
    # The end of a message.
    "… and {n} more ({incidents}): see {command}": "… и ещё {n} ({incidents}): смотрите {command}",
    "incidents {first} to {last}": "инциденты с {first} по {last}",
    "{incidents}, some of them possibly repeated": "{incidents}, часть, возможно, повторно",
    "Also down: {names}.": "Кроме того, недоступно: {names}.",
    "{n} more": "ещё {n}",
    "Say that you see to it, and nobody is reminded:": "Взять на себя, чтобы напоминаний больше не было:",
    "{command} (N: the number of an incident)": "{command} (N — номер инцидента)",
    "Also failing: {channels}.": "Не работают каналы оповещения: {channels}.",
    "{channel} since {time}": "{channel} с {time}",
    "Look further:": "Подробнее:",
    "REPORT {name} {day}": "ОТЧЁТ {name} {day}",
    "REPORT {name} could not be made": "ОТЧЁТ {name} не создан",
    "The {name} report of {day} could not be made: {why}": "Отчёт {name} от {day} создать не удалось: {why}",
    "It is not tried again before its next time. Now: {command}": (
        "До следующего срока попыток больше не будет. Сейчас: {command}"
    ),
    "The whole report is attached: {file}": "Полный отчёт во вложении: {file}",
    "The whole: {command}": "Полностью: {command}",
    "Written {time}.": "Составлено {time}.",
    # The web page.
    "Overview": "Обзор",
    "Pages": "Страницы",
    "To the content": "К содержанию",
    "No connection to healthmon. What you see is of {time}.": "Нет связи с healthmon. Показано состояние на {time}.",
    "That cannot be shown": "Это не показать",
    "Nobody watches at present": "Сейчас никто не наблюдает",
    "Down: {things}": "Недоступно: {things}",
    "Not everything can be seen": "Видно не всё",
    "Nothing is down; degraded: {n}": "Недоступного нет; частично: {n}",
    "Nothing is down; not known: {n}": "Недоступного нет; неизвестно: {n}",
    "Nothing is down; degraded: {n}, not known: {m}": "Недоступного нет; частично: {n}, неизвестно: {m}",
    "{check} unknown since {time} ({why})": "{check}: неизвестно с {time} ({why})",
    "Nothing is watched yet": "Пока ничего не наблюдается",
    "Everything is up": "Всё в норме",
    "Everything works": "Всё работает",
    "How things stand is not known at present": "Состояние сейчас неизвестно",
    "Outage: {things}": "Не работает: {things}",
    "Limited: {things}": "Работает с ограничениями: {things}",
    "Not known at present: {things}": "Сейчас неизвестно: {things}",
    "Nobody watches at present.": "Сейчас никто не наблюдает.",
    "Nobody watches at present. This is how it was at {time}.": "Сейчас никто не наблюдает. Так было {time}.",
    "works": "работает",
    "limited": "с ограничениями",
    "outage": "сбой",
    "not known": "неизвестно",
    "{share} available": "доступность {share}",
    "Days: {days}. With an outage or limits: {bad}.": "Дней: {days}. Со сбоями или ограничениями: {bad}.",
    "{day}: not watched": "{day}: не наблюдалось",
    "{day}: not known": "{day}: неизвестно",
    "{day}: {word} for {duration}": "{day}: {word}, {duration}",
    "earlier": "ранее",
    "until {time}": "до {time}",
    "No connection. What you see is of {time}.": "Нет связи. Показано состояние на {time}.",
    "Times: {zone}": "Время: {zone}",
    "At present": "Сейчас",
    "Past outages, since {day}": "Прошлые сбои, с {day}",
    "No outage.": "Сбоев не было.",
    "This is how it was at {time}: {why}": "Так было {time}: {why}",
    "Old: what is known of PBX {pbx} ({why})": "Устарело: сведения об АТС {pbx} ({why})",
    "Cannot tell {receiver}: {why}": "Не удаётся сообщить {receiver}: {why}",
    "seems {state}": "похоже: {state}",
    "read whole at {time}": "прочитано полностью в {time}",
    "up": "в норме",
    "degraded": "частично",
    "down": "недоступно",
    "unknown": "неизвестно",
    "flapping": "нестабильно",
    "not seen": "не видно",
    "reachability": "доступность",
    "connection": "соединение",
    "{n} of {of} unreachable": "недоступно {n} из {of}",
    "nobody is told: {why}": "не сообщается: {why}",
    "Open incidents": "Открытые инциденты",
    "Providers": "Провайдеры",
    "PBXs": "АТС",
    "Phones": "Телефоны",
    "Sites": "Площадки",
    "the last 24 hours": "последние 24 часа",
    "hour from": "час с",
    "the least": "самое малое",
    "half within": "половина за",
    "95 % within": "95 % за",
    "in 30 days": "за 30 дней",
    "{up} of {of}": "{up} из {of}",
    "No PBX was looked at yet.": "Ни одна АТС ещё не опрошена.",
    "Targets": "Объекты",
    "Wall": "Табло",
    "Incidents": "Инциденты",
    "Incident {number}": "Инцидент {number}",
    "There is no incident {number}.": "Инцидента {number} нет.",
    "Search": "Поиск",
    "Show": "Показать",
    "all": "все",
    "State": "Состояние",
    "Name": "Имя",
    "Kind": "Вид",
    "Check": "Проверка",
    "PBX": "АТС",
    "Site": "Площадка",
    "Since": "С какого времени",
    "Why": "Причина",
    "Order": "Порядок",
    "worst first": "сначала худшие",
    "by name": "по имени",
    "last change first": "сначала недавние",
    "{n} of {of} targets": "объектов: {n} из {of}",
    "Silences": "Заглушение",
    "What": "Что",
    "When": "Когда",
    "By": "Кем",
    "targets matched: {n}": "наблюдаемых объектов: {n}",
    "{n} d": "{n} д",
    "acknowledged": "подтверждено",
    "silenced": "заглушено",
    "There is no such page.": "Такой страницы нет.",
    "over, was {state}": "завершено, было: {state}",
    "{since} – {until}, over after {duration}": "{since} – {until}, завершено через {duration}",
    "None.": "Нет.",
    "Nobody is told of these. They are watched and recorded as ever; what is still down at the end is told then.": (
        "Об этом не сообщается, но оно наблюдается и записывается; о том, что в конце недоступно, сообщается тогда."
    ),
    "In force": "Действует",
    "Maintenance of the next 7 days": "Обслуживание в ближайшие 7 дней",
    "Ended in the last 7 days": "Закончилось за последние 7 дней",
    "How to add and end one": "Как добавить и закончить",
    "Settings": "Настройки",
    "What the configuration says now, as healthmon check-config puts it. It is changed in its file alone.": (
        "Что сейчас говорит конфигурация, словами healthmon check-config. Меняется она только в своём файле."
    ),
    "Log in": "Войти",
    "Log out": "Выйти",
    "Password": "Пароль",
    "Please try once more.": "Попробуйте ещё раз.",
    "Wrong name or password.": "Неверное имя или пароль.",
    "Too many attempts. Try again in {n} s.": "Слишком много попыток. Следующая через {n} с.",
    "Too many log in at the same time. Try again in a moment.": (
        "Слишком много входов одновременно. Попробуйте через несколько секунд."
    ),
    "Acknowledge": "Подтвердить",
    "Who does what about it, for the others": "Кто что делает, для остальных",
    "There are no more reminders then. That it is over is told all the same.": (
        "Напоминаний больше не будет. О восстановлении сообщается всё равно."
    ),
    "Silence": "Заглушить",
    "For how long": "На какое время",
    "or until": "или до",
    "Why, for the others": "Почему, для остальных",
    "An endpoint or several (PJSIP/101, PJSIP/1*), a site (site=…), a PBX (pbx=…), a watch (watch=…), or all.": (
        "Один или несколько абонентов (PJSIP/101, PJSIP/1*), площадка (site=…), АТС (pbx=…), секция watch (watch=…) "
        "или всё (all)."
    ),
    "Add one": "Добавить",
    "End": "Закончить",
    "End silence {number}": "Закончить заглушение {number}",
    "Report": "Отчёт",
    "Time": "Время",
    "or from": "или с",
    "to the end of": "до конца",
    "A line for each": "По строке на",
    "from and to": "с … до …",
    "today": "сегодня",
    "yesterday": "вчера",
    "the last 30 days": "последние 30 дней",
    "this month": "этот месяц",
    "last month": "прошлый месяц",
    "target": "объект",
    "check": "проверку",
    "watch section": "раздел watch",
    "site": "площадку",
    "provider": "провайдера",
    "day": "день",
    "week": "неделю",
    "month": "месяц",
    "On a page of its own": "На отдельной странице",
    "As a file:": "Файлом:",
    "Text": "Текст",
    "Nothing is like that.": "Ничего подходящего нет.",
    "Pages of the list": "Страницы списка",
    "back": "назад",
    "on": "дальше",
    "This is not watched at present.": "Сейчас это не наблюдается.",
    "Checks": "Проверки",
    "Course": "Ход событий",
    "the last 7 days": "последние 7 дней",
    "now": "сейчас",
    "available in 30 days": "доступность за 30 дней",
    "outages: {n}": "сбоев: {n}",
    "Round trips": "Время ответа",
    "bars: from the least to what 95 % took less than; line: half took less": (
        "столбик: от наименьшего до того, во что уложились 95 %; черта: во что уложилась половина"
    ),
    "{since} to {until}: half within {p50}, 95 % within {p95}": "{since}–{until}: половина за {p50}, 95 % за {p95}",
    "Incidents of 30 days": "Инциденты за 30 дней",
    "About it": "Сведения",
    "Watch section": "Раздел watch",
    "Watched since": "Наблюдается с",
    "No longer watched since": "Не наблюдается с",
    "Contacts": "Контакты",
    "What happened in 7 days": "Что было за 7 дней",
    "Nothing happened.": "Ничего не было.",
    "state": "состояние",
    "sight": "видимость",
    "decision": "решение",
    "message": "сообщение",
    "incident": "инцидент",
    "contact": "контакт",
    "restart": "перезапуск",
    "maintenance": "обслуживание",
    "Which incidents": "Какие инциденты",
    "open": "открытые",
    "There was none.": "Ни одного не было.",
    "explained by": "объясняется:",
    "until that was over": "пока тот длился",
    "It explains {n} more": "Объясняет ещё {n}",
    "The whole story": "Вся история",
    "For the ticket at the provider": "Для обращения к провайдеру",
    "Copy": "Скопировать",
    "copied": "скопировано",
    # Other messages.
    "TEST: {subject}": "ПРОВЕРКА: {subject}",
    "TEST of healthmon, receiver {receiver}": "ПРОВЕРКА healthmon, получатель {receiver}",
    "This is a test of receiver {receiver} on {host}: it tells of no outage.": (
        "Это проверка получателя {receiver} на {host}, она не сообщает о сбое."
    ),
    "Nothing is down.": "Всё в порядке.",
    "Down at present: {n}, see {command}": "Сейчас недоступно: {n}, смотрите {command}",
    "Alerts of healthmon will arrive like this one.": "Так будут приходить сообщения healthmon.",
    "DOWN healthmon: its database cannot be written": "СБОЙ healthmon: запись в базу данных невозможна",
    "DOWN healthmon: its database cannot be used any more": "СБОЙ healthmon: база данных больше не доступна",
    "healthmon has stopped on {host}. The service starts it again within seconds, with what is there then; if "
    "it does not start, you hear of that, too. An alert that was on its way may come twice.": (
        "healthmon на {host} остановлен. Служба запустит его снова через несколько секунд с тем, что тогда найдётся; "
        "если он не запустится, вы узнаете и об этом. Сообщение, которое уже отправлялось, может прийти дважды."
    ),
    "DOWN healthmon: it does not start, nothing is watched": "СБОЙ healthmon: он не запускается, наблюдения нет",
    "healthmon does not run on {host}: nothing is watched, and no other alert is sent. The service tries to "
    "start it again every few seconds.": (
        "healthmon на {host} не работает: наблюдения нет, другие сообщения не отправляются. Служба пытается запустить "
        "его снова каждые несколько секунд."
    ),
    "healthmon: its database was gone, a new one begins": "healthmon: база данных пропала, начата новая",
    "healthmon watches on. It does not know any more what was down, told or silenced; a phone that is down now "
    "is told of only after it was up. To go on with a backup, stop healthmon and put it in place.": (
        "healthmon продолжает наблюдение. Он больше не знает, что было недоступно, о чём сообщено и что заглушено; о "
        "телефоне, который недоступен сейчас, он сообщит лишь после того, как тот был на связи. Чтобы продолжить с "
        "резервной копией, остановите healthmon и верните её на место."
    ),
    "healthmon: its database was not in order, and was set right": (
        "healthmon: база данных была не в порядке и исправлена"
    ),
    "healthmon watches on, with what the database holds now. What was set aside is kept beside it. "
    "healthmon db check looks through all of it.": (
        "healthmon продолжает наблюдение с тем, что сейчас есть в базе данных. Отложенное сохранено рядом с ней. "
        "Полностью её проверяет healthmon db check."
    ),
    "UP healthmon: it runs again": "healthmon СНОВА РАБОТАЕТ",
    "It has its database, and watches; what happened meanwhile and was not told yet is told by itself.": "База данных "
    "доступна, наблюдение идёт; о том, что произошло за это время и ещё не сообщено, придут отдельные сообщения.",
    "healthmon goes on watching and tries to write again every few seconds. Until then nothing new is booked, so no "
    "other alert is sent.": (
        "healthmon продолжает наблюдать и каждые несколько секунд пробует записать снова. До тех пор новое не "
        "записывается, поэтому других сообщений не будет."
    ),
    "Look for free space, and at the rights of {folder}.": "Проверьте свободное место и права на {folder}.",
    "You will hear of this again in an hour at the earliest.": "Снова об этом будет сообщено не раньше чем через час.",
    # Durations and dates.
    "{n} s": "{n} с",
    "{n} min": "{n} мин",
    "{n} h": "{n} ч",
    "{weekday} {time}": "{weekday} {time}",
    "{day} {month} {time}": "{day} {month} {time}",
    "{day} {month} {year} {time}": "{day} {month} {year} {time}",
    "{weekday} {day} {month} {time}": "{weekday} {day} {month} {time}",
    "{weekday} {day} {month} {year} {time}": "{weekday} {day} {month} {year} {time}",
}

#: Causes, endings and other words of other parts of healthmon. What is called {why} is translated in its turn.
SAYINGS = {
    # First, for they have others in them.
    **STORIES,
    **REFUSALS,
    "critical": "критическая",
    "warning": "предупреждение",
    "info": "информация",
    "list of endpoints": "список эндпоинтов",
    "channel drivers": "драйверы каналов",
    "manager interface": "интерфейс управления",
    "restarts": "перезапуски",
    "private address {network}": "{network} (частный адрес)",
    # What several have in common.
    "found down at first look": "нет связи уже при первом опросе",
    "did not come back after the restart": "нет связи после перезапуска Asterisk",
    # How incidents end.
    "over": "завершено",
    "recovered": "связь восстановлена",
    "stable": "стабильно",
    "removed from the configuration": "больше нет в конфигурации Asterisk",
    "no longer watched": "больше не наблюдается",
    "its PBX is no longer configured": "этой АТС больше нет в настройках healthmon",
    "qualify was switched off": "проверка qualify отключена",
    "Asterisk has no address to check": "у Asterisk нет адреса для проверки",
    "taken as the new configuration": "принято как новая конфигурация",
    "a public site is reachable: it was not the line": "внешняя площадка доступна: дело было не в линии",
    "an answer came from outside: it was not the line": "снаружи пришёл ответ: дело было не в линии",
    "no longer asked by our own OPTIONS": "собственные запросы OPTIONS отключены",
    "it belongs to an endpoint now": "теперь относится к эндпоинту",
    "the manager interface is no longer asked": "интерфейс AMI больше не опрашивается",
    "its URL is no longer configured": "этого URL больше нет в настройках healthmon",
    "it lasted but a moment": "это длилось одно мгновение",
    "Asterisk was restarted, by its own clock at {time}": "Asterisk перезапущен, по его часам в {time}",
    "{number} endpoints are in maintenance mode ({names}): calls to and from them are refused": (
        "эндпоинтов в режиме обслуживания: {number} ({names}): звонки им и от них отклоняются"
    ),
    "{number} endpoints are in maintenance mode": "эндпоинтов в режиме обслуживания: {number}",
    "{name} is in maintenance mode: calls to and from it are refused": (
        "{name} в режиме обслуживания: звонки ему и от него отклоняются"
    ),
    "{name} is in maintenance mode": "{name} в режиме обслуживания",
    "{number} endpoints are out of maintenance mode ({names})": (
        "эндпоинтов больше не в режиме обслуживания: {number} ({names})"
    ),
    "{name} is out of maintenance mode": "{name} больше не в режиме обслуживания",
    # Why something is down, or up again.
    "changes too often": "состояние меняется слишком часто",
    "changes too often: the registration at {server}": "состояние меняется слишком часто: регистрация на {server}",
    "contact reachable": "контакт отвечает",
    "round trips are short enough again": "время отклика снова достаточно мало",
    "the contact that was lost is no longer registered": "потерянный контакт больше не зарегистрирован",
    "{lost} of {known} contacts unreachable": "не отвечает контактов: {lost} из {known}",
    "1 contact unreachable": "не отвечает один контакт",
    "{lost} contacts unreachable": "не отвечает контактов: {lost}",
    "round trip {ms} ms, more than {limit} ms": "время ответа {ms} мс, больше чем {limit} мс",
    "round trip {ms} ms, still more than {limit} ms (80 % of {warning} ms)": (
        "время ответа {ms} мс, всё ещё больше чем {limit} мс (80 % от {warning} мс)"
    ),
    "nothing is known any more that is the matter with its contacts": (
        "о неполадках с контактами больше ничего не известно"
    ),
    "nothing was heard of its contacts for long": "о контактах давно ничего не слышно",
    # Before what ends with a bracket as well.
    "{why}; our own OPTIONS: {answer} after {after} s, later than Asterisk waits (qualify_timeout = {timeout})": (
        "{why}; на собственные OPTIONS: {answer} через {after} с, позже, чем ждёт Asterisk "
        "(qualify_timeout = {timeout})"
    ),
    "does not answer OPTIONS": "не отвечает на OPTIONS",
    "does not answer OPTIONS ({said})": "не отвечает на OPTIONS ({said})",
    "answers OPTIONS with no 2xx, or not at all": "не отвечает на OPTIONS кодом 2xx или не отвечает вовсе",
    "answers OPTIONS with no 2xx, or not at all ({said})": (
        "не отвечает на OPTIONS кодом 2xx или не отвечает вовсе ({said})"
    ),
    "{why}; Asterisk: reachable": "{why}; для Asterisk: доступен",
    "{why}; Asterisk: not known (the PBX cannot be seen)": "{why}; для Asterisk: неизвестно (АТС не видна)",
    "{why}; Asterisk: not checked": "{why}; Asterisk его не проверяет",
    "{why}; our own OPTIONS: {answer}": "{why}; на собственные OPTIONS: {answer}",
    "{why}; registered at {server}, renewed since then": "{why}; регистрация на {server} с тех пор обновлена",
    (
        "{why}; registered at {server}, never answered OPTIONS: Asterisk sends it no calls because of that; if it "
        "answers none at all, set qualify_frequency = 0 for its AOR"
    ): (
        "{why}; зарегистрирован на {server}, но на OPTIONS не ответил ни разу: поэтому Asterisk не направляет на него "
        "вызовы; если он вообще не отвечает на OPTIONS, задайте qualify_frequency = 0 для его AOR"
    ),
    "the name {host} cannot be looked up: {why}": "имя {host} не разрешается: {why}",
    "no answer": "нет ответа",
    "does not answer our OPTIONS ({where})": "не отвечает на собственные OPTIONS ({where})",
    "none of the {number} addresses of {host} answers our OPTIONS": (
        "ни один из адресов {host} ({number}) не отвечает на собственные OPTIONS"
    ),
    "{some} of {number} addresses of {host} answer": "отвечает адресов {host}: {some} из {number}",
    "{some} of {number} addresses of {host} answer; {why}": "отвечает адресов {host}: {some} из {number}; {why}",
    "{some} of {number} addresses of {host} answer (no answer from {addresses} and {others} more)": (
        "отвечает адресов {host}: {some} из {number} (не отвечают {addresses} и ещё {others})"
    ),
    "{some} of {number} addresses of {host} answer (no answer from {addresses} and {others} more); {why}": (
        "отвечает адресов {host}: {some} из {number} (не отвечают {addresses} и ещё {others}); {why}"
    ),
    "{some} of {number} addresses of {host} answer (no answer from {addresses})": (
        "отвечает адресов {host}: {some} из {number} (не отвечает {addresses})"
    ),
    "{some} of {number} addresses of {host} answer (no answer from {addresses}); {why}": (
        "отвечает адресов {host}: {some} из {number} (не отвечает {addresses}); {why}"
    ),
    "{some} of {number} addresses of {host}: {why}": "адресов {host}: {some} из {number}: {why}",
    "{some} of {number} contacts answer well; {why}": "хорошо отвечает контактов: {some} из {number}; {why}",
    "{why}: overloaded or in maintenance, asks to be left alone until {time}": (
        "{why}: перегружен или на обслуживании, просит не беспокоить до {time}"
    ),
    "{why}: overloaded or in maintenance, asks to be left alone for more than an hour, and is asked again at {time}": (
        "{why}: перегружен или на обслуживании, просит не беспокоить дольше часа; следующий запрос в {time}"
    ),
    "{why}; it never has answered our OPTIONS: check the address and port, or set probe = no": (
        "{why}; на наши OPTIONS ответа не было ни разу: проверьте адрес и порт или задайте probe = no"
    ),
    "it never has answered our OPTIONS: check the address and port, or set probe = no": (
        "на наши OPTIONS ответа не было ни разу: проверьте адрес и порт или задайте probe = no"
    ),
    "options: {why}": "собственные OPTIONS: {why}",
    "its certificate has expired; {why}": "срок сертификата истёк; {why}",
    "its certificate is not valid yet; {why}": "сертификат ещё не действует; {why}",
    "its certificate is not for {host}; {why}": "сертификат не для {host}; {why}",
    "its certificate is signed by nobody but itself; {why}": "сертификат подписан самим собой; {why}",
    "its certificate is signed by an unknown CA; {why}": "сертификат подписан неизвестным центром; {why}",
    "its certificate ends on {date} UTC; {why}": "срок сертификата истекает {date} UTC; {why}",
    "answers {code}": "отвечает {code}",
    "refuses the connection ({where})": "отказывает в соединении ({where})",
    "closes the connection ({where})": "закрывает соединение ({where})",
    "no daemon is running": "служба не запущена",
    "healthmon is starting": "healthmon запускается",
    "the daemon hangs, or cannot write its database": "служба зависла или не может писать в базу данных",
    "the daemon is stopped (SIGSTOP); kill -CONT lets it go on": (
        "служба остановлена (SIGSTOP); kill -CONT её продолжит"
    ),
    "the disk of the database is full": "диск с базой данных заполнен",
    "the daemon was killed, hangs, or cannot write its database": (
        "служба убита, зависла или не может писать в базу данных"
    ),
    "not seen since the start": "не видно с самого запуска",
    "no sign of life for {number} s": "нет признаков жизни уже {number} с",
    "no snapshot for {number} s": "не читалось целиком уже {number} с",
    "logged out": "снял регистрацию",
    "logged out ({said})": "снял регистрацию ({said})",
    "connection closed, or logged out": "соединение закрыто или регистрация снята",
    "connection closed, or logged out ({said})": "соединение закрыто или регистрация снята ({said})",
    "registration expired, or logged out": "регистрация истекла или снята",
    "registration expired, or logged out ({said})": "регистрация истекла или снята ({said})",
    "not registered, or does not answer OPTIONS": "не зарегистрирован или не отвечает на OPTIONS",
    "not registered, or does not answer OPTIONS ({said})": "не зарегистрирован или не отвечает на OPTIONS ({said})",
    "{n} times within {minutes} minutes: {why}": "{n} раза за {minutes} минут: {why}",
    "a message is being sent, and no answer comes": "сообщение отправляется, но ответа нет",
    "a message was accepted": "сообщение принято",
    "Asterisk answers": "Asterisk отвечает",
    "Asterisk lists its endpoints": "Asterisk показывает все свои эндпоинты",
    "Asterisk lists all {known} endpoints": "Asterisk показывает все эндпоинты ({known})",
    "lists {listed} of {known} endpoints": "в списке {listed} из {known} эндпоинтов",
    "Asterisk lists {listed} of {known} endpoints; missing: {names}, and {more} more": (
        "Asterisk показывает {listed} из {known} эндпоинтов; нет: {names} и ещё {more}"
    ),
    "Asterisk lists {listed} of {known} endpoints; missing: {names}": (
        "Asterisk показывает {listed} из {known} эндпоинтов; нет: {names}"
    ),
    "Asterisk lists {listed} of {known} endpoints": "Asterisk показывает {listed} из {known} эндпоинтов",
    "Asterisk has its channel drivers": "драйверы каналов Asterisk загружены",
    "Asterisk has no {names} channel driver: no call over {technologies} is possible": (
        "в Asterisk нет драйвера каналов {names}: вызовы через {technologies} невозможны"
    ),
    "Asterisk has no {names} channel driver": "в Asterisk нет драйвера каналов {names}",
    "Asterisk cannot list all endpoints at once ({said}): is the name of one not UTF-8? "
    "Listed without it, until Asterisk is restarted: {listed}; cannot be listed: {names}": (
        "Asterisk не может показать все эндпоинты сразу ({said}): чьё-то имя не в UTF-8? "
        "Показаны без него, до перезапуска Asterisk: {listed}; не показать: {names}"
    ),
    "Asterisk cannot list all endpoints at once ({said}): is the name of one not UTF-8? "
    "Listed without it, until Asterisk is restarted: {listed}": (
        "Asterisk не может показать все эндпоинты сразу ({said}): чьё-то имя не в UTF-8? "
        "Показаны без него, до перезапуска Asterisk: {listed}"
    ),
    "the manager interface answers": "интерфейс управления отвечает",
    "manager interface: {why}; registrations are unknown": (
        "интерфейс управления: {why}; о регистрациях ничего не известно"
    ),
    "manager interface: {why}": "интерфейс управления: {why}",
    "manager interface: no state of the registration at {server} that is known ({said})": (
        "интерфейс управления: состояние регистрации на {server} неизвестно ({said})"
    ),
    "in grace: not registered since it can be seen again": (
        "период ожидания: нет регистрации с тех пор, как её снова видно"
    ),
    "connection refused: nothing listens on {at}; is enabled = yes in {file}?": (
        "в соединении отказано: на {at} никто не слушает; есть ли enabled = yes в {file}?"
    ),
    "{why}; logs in again every {every} min, and at a reload of healthmon": (
        "{why}; новый вход каждые {every} мин и при перезагрузке healthmon"
    ),
    "another session of the user {user} is open, and manager.conf says allowmultiplelogin = no": (
        "открыт другой сеанс пользователя {user}, а в manager.conf указано allowmultiplelogin = no"
    ),
    "login refused": "вход не разрешён",
    "login refused; {reason}": "вход не разрешён; {reason}",
    "not allowed; the user {user} may not ask for registrations: manager.conf needs read = system and "
    "write = reporting for it": (
        "нет прав; пользователю {user} нельзя спрашивать о регистрациях: в manager.conf ему нужно read = system и "
        "write = reporting"
    ),
    "{at} closed the connection": "{at} закрыл соединение",
    "no events; the user {user} may not read them: manager.conf needs read = system. Asked every {every} s": (
        "нет событий; пользователю {user} нельзя их читать: в manager.conf нужно read = system. Опрос каждые {every} с"
    ),
    "events only; the user {user} may not ask for the list, and each registration is unknown until its next event: "
    "manager.conf needs write = reporting. Logs in again at a reload of healthmon": (
        "только события; пользователю {user} нельзя запрашивать список, и о каждой регистрации ничего не известно до "
        "её следующего события: в manager.conf нужно write = reporting. Новый вход — при перезагрузке healthmon"
    ),
    "what answers on {at} is no manager interface: {said}": "на {at} отвечает не интерфейс управления: {said}",
    "no answer within {timeout} s although {at} is connected: frozen or overloaded; or what listens there is no "
    "manager interface": (
        "соединение с {at} есть, но нет ответа за {timeout} с: завис или перегружен; или там слушает не интерфейс "
        "управления"
    ),
    "registered at {server}": "регистрация на {server} есть",
    "not registered at {server}: {why}; Asterisk has stopped trying: it needs {command}, or a reload; incoming calls "
    "are affected": (
        "нет регистрации на {server}: {why}; Asterisk больше не пытается: нужно {command} или перезагрузка "
        "конфигурации; входящие вызовы затронуты"
    ),
    "not registered at {server}: {why}; Asterisk does not try again by now: it has stopped, or was told to wait "
    "(Retry-After); {command} makes it try at once; incoming calls are affected": (
        "нет регистрации на {server}: {why}; Asterisk пока не пытается снова: больше не будет или ему велено подождать "
        "(Retry-After); {command} — попытка сразу; входящие вызовы затронуты"
    ),
    "not registered at {server}: {why}; whether Asterisk still tries cannot be seen with events only; incoming calls "
    "are affected": (
        "нет регистрации на {server}: {why}; пытается ли Asterisk ещё, по одним событиям не видно; входящие вызовы "
        "затронуты"
    ),
    "not registered at {server}: {why}; incoming calls are affected": (
        "нет регистрации на {server}: {why}; входящие вызовы затронуты"
    ),
    "rejected, or not answered": "отказ или нет ответа",
    "rejected, or the request could not be sent": "отказ или запрос не удалось отправить",
    "rejected": "отказ",
    "not answered": "нет ответа",
    "not registered at {server} (Asterisk: {said}): not tried yet, or taken back on purpose; incoming calls are "
    "affected": (
        "нет регистрации на {server} (Asterisk: {said}): ещё не пытался или снята намеренно; входящие вызовы затронуты"
    ),
    "not registered at {server} (Asterisk: {said}); Asterisk has stopped trying: it needs {command}; incoming calls "
    "are affected": (
        "нет регистрации на {server} (Asterisk: {said}); Asterisk больше не пытается: нужно {command}; входящие вызовы "
        "затронуты"
    ),
    "not registered at {server} (Asterisk: {said}); incoming calls are affected": (
        "нет регистрации на {server} (Asterisk: {said}); входящие вызовы затронуты"
    ),
    "{n} of {of} registrations, {name}: {why}": "регистраций: {n} из {of}, {name}: {why}",
    "{number} restarts in {minutes} minutes": "перезапусков за {minutes} мин: {number}",
    "no events: {why}; polled every {number} s": "нет событий: {why}; опрос каждые {number} с",
    "the certificate ends in {days} day ({until} UTC)": "сертификат истекает через {days} дн. ({until} UTC)",
    "the certificate ends in {days} days ({until} UTC)": "сертификат истекает через {days} дн. ({until} UTC)",
    # Why only we cannot see a PBX: the short form, and with the details.
    "ARI password refused": "пароль ARI не принят",
    "ARI password refused; {why}": "пароль ARI не принят; {why}",
    "ARI access refused": "доступ к ARI запрещён",
    "ARI access refused; {why}": "доступ к ARI запрещён; {why}",
    # As they were said in older databases.
    "password refused": "пароль не принят",
    "password refused; {why}": "пароль не принят; {why}",
    "access refused": "доступ запрещён",
    "access refused; {why}": "доступ запрещён; {why}",
    "name not found": "имя не найдено",
    "name not found; {why}": "имя не найдено; {why}",
    "certificate refused": "сертификат не принят",
    "certificate refused; {why}": "сертификат не принят; {why}",
    "no network here": "у нас нет сети",
    "no network here; {why}": "у нас нет сети; {why}",
    "TLS failed": "ошибка TLS",
    "TLS failed; {reason}: does {at} speak https?": "ошибка TLS; {reason}: точно ли на {at} работает https?",
    "CA file cannot be read": "файл CA не читается",
    "CA file cannot be read; that of verify_tls ({reason})": "файл CA не читается; тот, что в verify_tls ({reason})",
    # Why a PBX cannot be seen.
    "no connection to {at} in time: the host is off, or a firewall drops what we send": (
        "нет соединения с {at}: узел выключен или межсетевой экран отбрасывает пакеты"
    ),
    "no answer within {timeout} s although {at} is connected: frozen or overloaded": (
        "соединение с {at} есть, но нет ответа за {timeout} с: завис или перегружен"
    ),
    "{at} took the connection and closed it without an answer: are Asterisk's HTTP sessions used up "
    "(sessionlimit in http.conf), or does nothing answer behind a proxy?": (
        "{at} принимает соединение и закрывает его без ответа: исчерпаны сеансы HTTP Asterisk "
        "(sessionlimit в http.conf) или за прокси никто не отвечает?"
    ),
    "the name {host} cannot be resolved": "имя {host} не разрешается",
    "connection refused: nothing listens on {at}": "в соединении отказано: порт {at} никто не слушает",
    "{at} cannot be reached ({reason})": "{at} недоступен ({reason})",
    "the certificate of {at} has expired": "срок действия сертификата {at} истёк",
    "the certificate of {at} is not valid yet: is a clock wrong?": (
        "сертификат {at} ещё не действует: правильно ли идут часы?"
    ),
    "the certificate of {at} is not for the name {host}": "сертификат {at} выдан не для имени {host}",
    "the certificate of {at} is not signed by a CA that we trust: verify_tls can name your CA's file": (
        "сертификат {at} подписан неизвестным CA: файл своего CA можно указать в verify_tls"
    ),
    "the certificate of {at} is not accepted ({reason})": "сертификат {at} не принят ({reason})",
    "a defect of healthmon ({name}): its log says where": (
        "ошибка в самом healthmon ({name}): место указано в его журнале"
    ),
    "the user name or password is wrong: 401 ({said})": "неверное имя пользователя или пароль: 401 ({said})",
    "the user name or password is wrong: 401": "неверное имя пользователя или пароль: 401",
    "not allowed: 403 ({said}); is this ARI user read_only?": (
        "доступ запрещён: 403 ({said}); не read_only ли у пользователя ARI?"
    ),
    "not allowed: 403; is this ARI user read_only?": "доступ запрещён: 403; не read_only ли у пользователя ARI?",
    "Asterisk does not know it: 404 ({said})": "Asterisk этого не знает: 404 ({said})",
    "HTTP answers, ARI does not (404): Asterisk is starting, ARI is off, or the path of url is wrong": (
        "HTTP отвечает, ARI нет (404): Asterisk запускается, ARI выключен или в url неверный путь"
    ),
    "Asterisk is starting ({said})": "Asterisk запускается ({said})",
    "Asterisk's HTTP server says {status}: Asterisk does not answer behind it": (
        "HTTP-сервер Asterisk отвечает {status}: сам Asterisk за ним не отвечает"
    ),
    "the reverse proxy says {status}: Asterisk does not answer behind it": (
        "обратный прокси отвечает {status}: Asterisk за ним не отвечает"
    ),
    "an answer {status} instead of a WebSocket: does a proxy drop the Upgrade header?": (
        "ответ {status} вместо WebSocket: не убирает ли прокси заголовок Upgrade?"
    ),
    "an answer {status} that sends us elsewhere, which is not followed": (
        "ответ {status} с перенаправлением, по нему не переходим"
    ),
    "an answer that is no HTTP: what listens on {at}?": "ответ не по HTTP: что слушает {at}?",
    "an answer that cannot be unpacked": "ответ не удаётся распаковать",
    "an answer {status} ({said})": "ответ {status} ({said})",
    "an answer {status}": "ответ {status}",
    "an answer without startup_time": "ответ без startup_time",
    "an answer of more than {size} MB": "ответ больше {size} МБ",
    "not the JSON that we know ({reason})": "незнакомый JSON ({reason})",
    "the answer {why}: frozen or overloaded": "ответ {why}: завис или перегружен",
    "the answer {why}": "ответ {why}",
    "connected, but a message of the event stream {why}": "соединение есть, но сообщение потока событий {why}",
    "a message of the event stream {why}": "сообщение потока событий {why}",
    "comes in drops: {number} byte in {seconds} s": "приходит по каплям: {number} байт за {seconds} с",
    "comes in drops: {number} bytes in {seconds} s": "приходит по каплям: {number} байт за {seconds} с",
    "comes in drops: {number} kB in {seconds} s": "приходит по каплям: {number} кБ за {seconds} с",
    "does not end: {number} kB in {seconds} s": "не кончается: {number} кБ за {seconds} с",
    "is longer than {number} kB": "длиннее {number} кБ",
    "has headers without end": "с заголовками без конца",
    "the event stream broke off": "поток событий оборвался",
    "the event stream was closed ({said})": "поток событий закрыт ({said})",
    "the event stream was closed": "поток событий закрыт",
    "the event stream breaks the rules of WebSocket ({reason})": "поток событий нарушает правила WebSocket ({reason})",
    "another client took over the application {application}": "приложение {application} занял другой клиент",
    "the upgrade to a WebSocket failed ({reason})": "не удалось перейти на WebSocket ({reason})",
    "connected, but nothing came for {number} s, not even our own heartbeat": (
        "соединение есть, но {number} с ничего не приходит, даже собственный контрольный сигнал"
    ),
    "connected, but nothing came for {number} s, not even an answer to a ping": (
        "соединение есть, но {number} с ничего не приходит, даже ответ на ping"
    ),
}

LANGUAGE = Language(
    code="ru",
    plural=_plural,
    share="{down} {nouns_down} из {of}",
    nouns=NOUNS,
    states=STATES,
    weekdays=("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
    months=("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
    texts=TEXTS,
    sayings=SAYINGS,
)
