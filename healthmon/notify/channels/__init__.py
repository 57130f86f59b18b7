"""The ways out, one file each: apprise, webhooks, mails, on-call services; and how their secrets stay hidden."""
