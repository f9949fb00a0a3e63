// Hands a message of Zabbix over to the brevisone service by POST /zabbix. The media type's parameters come as JSON in
// `value`; all but the two of the connection are posted as they are. Nothing here says what the message means.
// Zabbix does not check certificates in webhooks: let the service listen where nobody else does, or use the script.
try {
    var params = JSON.parse(value),
        url = params.brevisone_url,
        token = params.brevisone_token,
        request = new HttpRequest(),
        result = {tags: {}},
        answer;

    delete params.brevisone_url;
    delete params.brevisone_token;

    if (!/^https?:\/\//.test(url)) {
        throw 'set the global macro {$BREVISONE.URL} to the address of the service, as http://127.0.0.1:8770';
    }

    request.addHeader('Content-Type: application/json');
    if (token && token.indexOf('{$') !== 0) {
        request.addHeader('Authorization: Bearer ' + token);
    }

    answer = request.post(url.replace(/\/+$/, '') + '/zabbix', JSON.stringify(params));
    if (request.getStatus() < 200 || request.getStatus() > 299) {
        throw 'answered ' + request.getStatus() + ': ' + String(answer).substring(0, 300);
    }

    try {
        // Zabbix adds the tag to the event, and makes it an entry of the event's menu.
        var link = JSON.parse(answer).link;
        if (typeof link === 'string' && link !== '') {
            result.tags.__brevisone_link = link;
        }
    }
    catch (error) {
        Zabbix.log(4, '[brevis.one] handed over, but the answer holds no link: ' + error);
    }

    return JSON.stringify(result);
}
catch (error) {
    Zabbix.log(3, '[brevis.one] not handed over: ' + error);
    throw 'brevis.one: ' + error;
}
