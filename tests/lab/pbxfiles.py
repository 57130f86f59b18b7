"""The configuration files of one Asterisk of the lab, besides its endpoints: text made from options."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from .endpoints import section

#: What a monitor, phones and a few calls need. All of Debian's modules would take seconds to load.
MODULES = """
app_dial app_echo app_originate app_playback app_stack app_stasis app_userevent app_verbose app_exec
bridge_builtin_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix
chan_iax2 chan_pjsip chan_sip codec_alaw codec_a_mu codec_ulaw codec_gsm codec_resample
format_gsm format_pcm format_sln format_wav
func_callerid func_channel func_devstate func_hangupcause func_logic func_strings func_timeout
func_pjsip_aor func_pjsip_contact func_pjsip_endpoint pbx_config
res_ari res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels res_ari_device_states
res_ari_endpoints res_ari_events res_ari_model res_ari_playbacks res_ari_recordings res_ari_sounds
res_crypto res_http_websocket res_manager_devicestate res_pjproject res_pjsip res_pjsip_acl
res_pjsip_authenticator_digest res_pjsip_caller_id res_pjsip_dialog_info_body_generator
res_pjsip_endpoint_identifier_anonymous res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
res_pjsip_exten_state res_pjsip_header_funcs res_pjsip_logger res_pjsip_mwi res_pjsip_mwi_body_generator
res_pjsip_nat res_pjsip_notify res_pjsip_outbound_authenticator_digest res_pjsip_outbound_publish
res_pjsip_outbound_registration res_pjsip_path res_pjsip_pidf_body_generator res_pjsip_pubsub res_pjsip_refer
res_pjsip_registrar res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session res_pjsip_xpidf_body_generator
res_prometheus res_rtp_asterisk res_security_log res_sorcery_astdb res_sorcery_config res_sorcery_memory
res_stasis res_stasis_answer res_stasis_device_state res_stasis_playback res_stasis_recording res_stasis_snoop
res_timing_timerfd res_websocket_client
""".split()  # noqa: SIM905 - a hundred quoted names are harder to read

#: Loaded, before all others, when endpoints come from a database.
REALTIME_MODULES = ("res_config_sqlite3", "res_sorcery_realtime")

EMPTY_FILES = (
    *("acl.conf", "ccss.conf", "cdr.conf", "cel.conf", "features.conf", "indications.conf"),
    *("pjproject.conf", "pjsip_notify.conf"),
    *("rtp.conf", "stasis.conf", "udptl.conf", "websocket_client.conf"),
)

SIP_PORT, CHAN_SIP_PORT, IAX_PORT, HTTP_PORT, HTTPS_PORT = 5060, 5160, 4569, 8088, 8089
AMI_PORT, AMI_TLS_PORT = 5038, 5039


class Options(Struct, frozen=True):
    """What a test may choose about an Asterisk, besides its endpoints."""

    ari_user: str = "healthmon"
    ari_password: str = "ari-secret"
    reader_user: str = "reader"
    reader_password: str = "reader-secret"
    ami_user: str = "healthmon"
    ami_password: str = "ami-secret"
    #: What this user may read and write in manager.conf.
    ami_read: str = "all"
    ami_write: str = "all"
    #: http.conf's prefix, e.g. "pbx": ARI is then at /pbx/ari.
    prefix: str = ""
    #: Indented JSON, as many installations have it.
    pretty: bool = False
    #: ari.conf's websocket_write_timeout in ms.
    websocket_write_timeout: int = 100
    #: Certificate and key for HTTPS on port 8089, and for the manager interface on 5039.
    certificate: tuple[Path, Path] | None = None
    #: Endpoints also come from a database (sorcery, realtime, SQLite).
    realtime: bool = False
    #: Lines for pjsip.conf's [global], besides contact_expiration_check_interval.
    pjsip_global: Mapping[str, object] = field(default_factory=dict)
    #: The dialplan.
    extensions: str = "[default]\nexten => 600,1,Answer()\n same => n,Echo()\n"
    #: Module names to leave out (without ".so").
    without_modules: tuple[str, ...] = ()


def asterisk_conf(folder: Path, run_folder: Path, module_folder: Path, data_folder: Path) -> str:
    """Every folder of the instance; nothing is read from, or written to, the machine's own."""
    folders = {
        "astetcdir": folder / "etc",
        "astmoddir": module_folder,
        "astvarlibdir": folder / "lib",
        "astdbdir": folder / "lib",
        "astkeydir": folder / "lib",
        "astdatadir": data_folder,
        "astagidir": folder / "lib",
        "astspooldir": folder / "spool",
        "astrundir": run_folder,
        "astlogdir": folder / "log",
        "astsbindir": folder,
    }
    return section("directories", "", folders) + section("options", "", {"verbose": 3})


def modules_conf(module_folder: Path, options: Options) -> str:
    """Load exactly the modules that we need and this version has."""
    wanted = [name for name in MODULES if name not in options.without_modules]
    there = [name for name in wanted if (module_folder / f"{name}.so").exists()]
    early = [name for name in REALTIME_MODULES if options.realtime]
    lines = [*(f"preload={name}.so" for name in early), *(f"load={name}.so" for name in there)]
    return "\n".join(["[modules]", "autoload=no", *lines]) + "\n"


def http_conf(address: str, options: Options) -> str:
    """HTTP on 8088, and HTTPS on 8089 where there is a certificate."""
    general: dict[str, object] = {"enabled": True, "bindaddr": address, "bindport": HTTP_PORT, "prefix": options.prefix}
    if options.certificate is not None:
        certificate, key = options.certificate
        general |= {"tlsenable": True, "tlsbindaddr": f"{address}:{HTTPS_PORT}"}
        general |= {"tlscertfile": certificate, "tlsprivatekey": key}
    return section("general", "", general)


def ari_conf(options: Options) -> str:
    """One user that may write, one that may only read."""
    timeout = options.websocket_write_timeout
    general = {"enabled": True, "pretty": options.pretty, "websocket_write_timeout": timeout}
    return (
        section("general", "", general)
        + section(options.ari_user, "user", {"read_only": False, "password": options.ari_password})
        + section(options.reader_user, "user", {"read_only": True, "password": options.reader_password})
    )


def manager_conf(address: str, options: Options) -> str:
    """The manager interface on 5038, with a certificate on 5039, too, and below /manager on HTTP."""
    general: dict[str, object] = {"enabled": True, "webenabled": True, "bindaddr": address, "port": AMI_PORT}
    if options.certificate is not None:
        certificate, key = options.certificate
        general |= {"tlsenable": True, "tlsbindaddr": f"{address}:{AMI_TLS_PORT}"}
        general |= {"tlscertfile": certificate, "tlsprivatekey": key}
    user = {"secret": options.ami_password, "read": options.ami_read, "write": options.ami_write}
    return section("general", "", general) + section(options.ami_user, "", user)


def pjsip_conf(address: str, options: Options) -> str:
    """The head of pjsip.conf: a UDP transport, and expired contacts noticed within a second (default: 30 s)."""
    head = {"contact_expiration_check_interval": 1, **options.pjsip_global}
    transport = {"protocol": "udp", "bind": f"{address}:{SIP_PORT}"}
    return section("global", "global", head) + section("transport-udp", "transport", transport)


def other_files(address: str, folder: Path, options: Options) -> dict[str, str]:
    """The remaining files, by name."""
    files = {
        "logger.conf": "[general]\n[logfiles]\nmessages => notice,warning,error,verbose(3)\nsecurity => security\n",
        "sip.conf": section("general", "", {"udpbindaddr": f"{address}:{CHAN_SIP_PORT}", "minexpiry": 1}),
        "iax.conf": section("general", "", {"bindaddr": address, "bindport": IAX_PORT, "minregexpire": 1}),
        "extensions.conf": options.extensions,
        "prometheus.conf": section("general", "", {"enabled": True, "uri": "metrics"}),
        # Empty files, so that the log keeps to what matters.
        **dict.fromkeys(EMPTY_FILES, ""),
    }
    if options.realtime:
        files |= realtime_files(folder)
    return files


def realtime_files(folder: Path) -> dict[str, str]:
    """Endpoints from pjsip.conf first, then from the tables ps_endpoints, ps_auths and ps_aors."""
    tables = {"endpoint": "ps_endpoints", "auth": "ps_auths", "aor": "ps_aors"}
    wizards = "".join(
        f"{kind}=config,pjsip.conf,criteria=type={kind}\n{kind}=realtime,{table}\n" for kind, table in tables.items()
    )
    return {
        "sorcery.conf": f"[res_pjsip]\n{wizards}",
        "extconfig.conf": "[settings]\n" + "".join(f"{table} => sqlite3,lab\n" for table in tables.values()),
        "res_config_sqlite3.conf": section("lab", "", {"dbfile": folder / "realtime.sqlite3"}),
    }
